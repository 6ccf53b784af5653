mock_provider "azurerm" {}

variables {
  context = {
    cloud            = "azure"
    organisation     = "acme"
    region           = "germanywestcentral"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-4720"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  cluster_name       = "platform-platform-dev"
  private_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-1"]
  node_identity      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev/providers/Microsoft.ManagedIdentity/userAssignedIdentities/platform-platform-dev-nodes"
  name               = "train"
  gpu_type           = "a100"
  gpus_per_node      = 1
  nodes              = { max = 4 }
}

run "a_pool_is_empty_until_someone_asks_for_a_gpu" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.min_count == 0 && azurerm_kubernetes_cluster_node_pool.this.max_count == 4 && azurerm_kubernetes_cluster_node_pool.this.auto_scaling_enabled
    error_message = "The pool costs money while nobody trains."
  }
  assert {
    condition     = one(azurerm_kubernetes_cluster_node_pool.this.node_taints) == "nvidia.com/gpu=present:NoSchedule" && azurerm_kubernetes_cluster_node_pool.this.node_labels["gleis.dev/gpu-type"] == "a100"
    error_message = "Pods that want no GPU land here, or those that do cannot select it."
  }
  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.vm_size == "Standard_NC24ads_A100_v4" && output.gpus_max == 4 && azurerm_kubernetes_cluster_node_pool.this.host_encryption_enabled
    error_message = "The nodes are of another size, or their disks are not encrypted."
  }
  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.kubernetes_cluster_id == "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev/providers/Microsoft.ContainerService/managedClusters/platform-platform-dev" && azurerm_kubernetes_cluster_node_pool.this.tags["cost-center"] == "CC-4720"
    error_message = "The pool belongs to another cluster, or lacks its cost tags."
  }
}

run "spot_nodes_say_so_and_cost_at_most_what_others_do" {
  command = plan

  variables {
    spot = true
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.priority == "Spot" && azurerm_kubernetes_cluster_node_pool.this.spot_max_price == -1 && azurerm_kubernetes_cluster_node_pool.this.eviction_policy == "Delete"
    error_message = "The nodes are no spot nodes, or leave their disks behind."
  }
  assert {
    condition     = contains(azurerm_kubernetes_cluster_node_pool.this.node_taints, "kubernetes.azure.com/scalesetpriority=spot:NoSchedule") && output.labels["gleis.dev/capacity"] == "spot" && length(output.taints) == 2
    error_message = "Each plan would take away what AKS puts on spot nodes."
  }
}

run "reserved_nodes_with_infiniband_come_from_the_reservation" {
  command = plan

  variables {
    gpu_type       = "h100"
    gpus_per_node  = 8
    fast_network   = true
    reservation_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gpu/providers/Microsoft.Compute/capacityReservationGroups/h100"
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.capacity_reservation_group_id == var.reservation_id && azurerm_kubernetes_cluster_node_pool.this.vm_size == "Standard_ND96isr_H100_v5" && output.labels["gleis.dev/fast-network"] == "infiniband"
    error_message = "The nodes do not come from the reservation, or have no InfiniBand."
  }
}

run "a_gpu_that_azure_does_not_have_is_refused" {
  command = plan

  variables {
    gpu_type = "l4"
  }

  expect_failures = [azurerm_kubernetes_cluster_node_pool.this]
}

run "infiniband_where_there_is_none_is_refused" {
  command = plan

  variables {
    fast_network = true
  }

  expect_failures = [azurerm_kubernetes_cluster_node_pool.this]
}

run "spot_from_a_reservation_is_refused" {
  command = plan

  variables {
    spot           = true
    reservation_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gpu/providers/Microsoft.Compute/capacityReservationGroups/a100"
  }

  expect_failures = [azurerm_kubernetes_cluster_node_pool.this]
}

run "odd_names_types_numbers_and_ids_are_refused" {
  command = plan

  variables {
    cluster_name       = "ml dev"
    private_subnet_ids = []
    node_identity      = "/subscriptions/00000000-0000-0000-0000-000000000001"
    name               = "Train-Pool"
    gpu_type           = "v100"
    gpus_per_node      = 3
    nodes              = { min = 2, max = 1 }
    reservation_id     = "a100"
  }

  expect_failures = [
    var.cluster_name, var.private_subnet_ids, var.node_identity, var.name, var.gpu_type, var.gpus_per_node, var.nodes, var.reservation_id,
  ]
}
