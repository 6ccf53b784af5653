# A pool of GPU nodes of one cluster that is empty when nobody trains. Nothing lands on it that did not ask for
# a GPU; spot and reserved capacity are the same pool with another way to pay.

module "contract" {
  source  = "../../contract"
  context = var.context
}

locals {
  tags = module.contract.tags

  # The nodes' identity lies beside the cluster, so it says in which subscription and group that is.
  group_id   = regex("^/subscriptions/[^/]+/resourceGroups/[^/]+", var.node_identity)
  cluster_id = "${local.group_id}/providers/Microsoft.ContainerService/managedClusters/${var.cluster_name}"

  # GPU type => GPUs per node => size. Source: Microsoft's own list of sizes for AKS nodes with their GPUs,
  # https://aspire.dev/reference/api/csharp/aspire.hosting.azure.kubernetes/, read in November 2026. For A10G,
  # which is made for AWS, stands the A10 that it comes from. The ND series have an InfiniBand card for each GPU.
  types = {
    t4   = { 1 = "Standard_NC8as_T4_v3", 4 = "Standard_NC64as_T4_v3" }
    a10g = { 1 = "Standard_NV36ads_A10_v5", 2 = "Standard_NV72ads_A10_v5" }
    l4   = {}
    a100 = { 1 = "Standard_NC24ads_A100_v4", 2 = "Standard_NC48ads_A100_v4", 4 = "Standard_NC96ads_A100_v4", 8 = "Standard_ND96asr_v4" }
    h100 = { 1 = "Standard_NC40ads_H100_v5", 2 = "Standard_NC80adis_H100_v5", 8 = "Standard_ND96isr_H100_v5" }
  }
  fast = ["Standard_ND96asr_v4", "Standard_ND96isr_H100_v5"]

  offered  = local.types[var.gpu_type]
  instance = lookup(local.offered, tostring(var.gpus_per_node), "")
  capacity = var.reservation_id != "" ? "reserved" : var.spot ? "spot" : "on-demand"

  # AKS puts the second taint and its label on spot nodes by itself; unsaid, each plan would take them away.
  taints = concat(
    [{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }],
    [for spot in [var.spot] : { key = "kubernetes.azure.com/scalesetpriority", value = "spot", effect = "NoSchedule" } if spot],
  )
  labels = merge(
    {
      "gleis.dev/pool"     = var.name
      "gleis.dev/gpu-type" = var.gpu_type
      "gleis.dev/capacity" = local.capacity
    },
    var.spot ? { "kubernetes.azure.com/scalesetpriority" = "spot" } : {},
    # Where the network operator brings the drivers of the cards.
    var.fast_network ? { "gleis.dev/fast-network" = "infiniband" } : {},
  )
}

resource "azurerm_kubernetes_cluster_node_pool" "this" {
  name                          = var.name
  kubernetes_cluster_id         = local.cluster_id
  mode                          = "User"
  vm_size                       = local.instance
  vnet_subnet_id                = var.private_subnet_ids[0] # AKS takes one; the zone is Azure's choice, where a GPU is free
  auto_scaling_enabled          = true
  min_count                     = var.nodes.min
  max_count                     = var.nodes.max
  max_pods                      = 110
  os_sku                        = "Ubuntu" # with the driver that AKS installs
  os_disk_type                  = "Managed"
  os_disk_size_gb               = 300 # images with CUDA are large, and so are the shards that a training keeps near
  host_encryption_enabled       = true
  priority                      = var.spot ? "Spot" : "Regular"
  eviction_policy               = var.spot ? "Delete" : null
  spot_max_price                = var.spot ? -1 : null # up to the price of other capacity
  capacity_reservation_group_id = var.reservation_id == "" ? null : var.reservation_id
  node_labels                   = local.labels
  node_taints                   = [for taint in local.taints : "${taint.key}=${taint.value}:${taint.effect}"]
  temporary_name_for_rotation   = "${substr(var.name, 0, 9)}tmp"
  tags                          = local.tags

  # Spot nodes are not surged: there may be no second one.
  dynamic "upgrade_settings" {
    for_each = var.spot ? [] : [1]

    content {
      max_surge = "1"
    }
  }

  lifecycle {
    ignore_changes = [node_count] # the autoscaler's

    precondition {
      condition     = local.instance != ""
      error_message = "Azure has no ${var.gpu_type} node with ${var.gpus_per_node} GPUs. Allowed for ${var.gpu_type} are: ${length(local.offered) > 0 ? join(", ", keys(local.offered)) : "none; take a10g or t4"}."
    }
    precondition {
      condition     = !var.fast_network || contains(local.fast, local.instance)
      error_message = "${local.instance} has no InfiniBand. Leave out fast_network, or take a node with more GPUs: ${join(", ", local.fast)}."
    }
    precondition {
      condition     = !(var.spot && var.reservation_id != "")
      error_message = "spot and reservation_id exclude each other: reserved capacity is paid for already. Set one of them."
    }
  }
}
