mock_provider "azurerm" {
  override_during = plan

  mock_data "azurerm_client_config" {
    defaults = {
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-00000000000f"
    }
  }
  mock_resource "azurerm_key_vault_key" {
    defaults = {
      id                      = "https://vault.vault.azure.net/keys/key/0123456789abcdef"
      versionless_id          = "https://vault.vault.azure.net/keys/key"
      resource_versionless_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/vault/keys/key"
    }
  }
  mock_resource "azurerm_disk_encryption_set" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/one" }
  }
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
      principal_id = "00000000-0000-0000-0000-0000000000aa"
      client_id    = "00000000-0000-0000-0000-0000000000bb"
    }
  }
}

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

  network_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev"
  private_subnet_ids = [
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-1",
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-2",
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-3",
  ]
  admin_groups = ["00000000-0000-0000-0000-0000000000ad"]
}

run "the_api_is_private_and_people_come_in_through_groups_only" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_cluster_enabled && !azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled && !azurerm_kubernetes_cluster.this.run_command_enabled
    error_message = "The API can be reached from outside."
  }
  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled && one(azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control).azure_rbac_enabled
    error_message = "Someone comes in whom Entra does not know."
  }
  assert {
    condition     = one(one(azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control).admin_group_object_ids) == "00000000-0000-0000-0000-0000000000ad"
    error_message = "The groups do not administer the cluster, or others do."
  }
  assert {
    condition     = output.cluster_name == azurerm_resource_group.this.name && azurerm_kubernetes_cluster.this.tags["cost-center"] == "CC-4720"
    error_message = "Other modules do not find the cluster by its name, or its cost tags are missing."
  }
}

run "secrets_and_disks_are_encrypted_by_the_clusters_own_key" {
  command = plan

  assert {
    condition     = one(azurerm_kubernetes_cluster.this.key_management_service).key_vault_key_id == "https://vault.vault.azure.net/keys/key/0123456789abcdef"
    error_message = "Secrets are not encrypted by the key, or by no version that stays."
  }
  assert {
    condition     = azurerm_kubernetes_cluster.this.disk_encryption_set_id == azurerm_disk_encryption_set.this.id && azurerm_disk_encryption_set.this.auto_key_rotation_enabled && azurerm_disk_encryption_set.this.key_vault_key_id == "https://vault.vault.azure.net/keys/key"
    error_message = "Disks are not encrypted by the key, or do not follow it."
  }
  assert {
    condition     = one(azurerm_kubernetes_cluster.this.default_node_pool).host_encryption_enabled && alltrue([for pool in values(azurerm_kubernetes_cluster_node_pool.system) : pool.host_encryption_enabled])
    error_message = "What nodes keep for themselves is not encrypted."
  }
}

run "pods_have_identities_of_their_own_and_policies_are_enforced" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.oidc_issuer_enabled && azurerm_kubernetes_cluster.this.workload_identity_enabled && azurerm_kubernetes_cluster.this.azure_policy_enabled
    error_message = "Pods take their rights from the nodes."
  }
  assert {
    condition     = one(azurerm_kubernetes_cluster.this.network_profile).network_policy == "cilium" && one(azurerm_kubernetes_cluster.this.network_profile).network_data_plane == "cilium"
    error_message = "Network policies are written but not enforced."
  }
  assert {
    condition     = toset([for role in concat(values(azurerm_role_assignment.subnets), [azurerm_role_assignment.nodes, azurerm_role_assignment.secrets, azurerm_role_assignment.disks]) : role.role_definition_name]) == toset(["Key Vault Crypto User", "Managed Identity Operator", "Network Contributor", "Reader"])
    error_message = "The control plane may do more than it must."
  }
}

run "each_log_of_the_control_plane_is_kept_for_a_year" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 365 && !azurerm_log_analytics_workspace.this.local_authentication_enabled
    error_message = "Logs end too early, or whoever holds a key writes some."
  }
  assert {
    condition     = length(setsubtract(["guard", "kube-apiserver", "kube-audit", "kube-controller-manager", "kube-scheduler"], [for log in azurerm_monitor_diagnostic_setting.this.enabled_log : log.category])) == 0
    error_message = "A log of the control plane is not kept."
  }
}

run "as_few_nodes_as_allowed_still_stand_in_two_zones" {
  command = plan

  assert {
    condition     = keys(azurerm_kubernetes_cluster_node_pool.system) == ["2"] && azurerm_kubernetes_cluster_node_pool.system["2"].vnet_subnet_id == var.private_subnet_ids[1]
    error_message = "Two nodes do not stand in two zones."
  }
  assert {
    condition     = one(azurerm_kubernetes_cluster.this.default_node_pool).min_count + azurerm_kubernetes_cluster_node_pool.system["2"].min_count == 2 && one(azurerm_kubernetes_cluster.this.default_node_pool).max_count + azurerm_kubernetes_cluster_node_pool.system["2"].max_count == 4
    error_message = "The zones do not share the nodes that were asked for."
  }
}

run "a_given_range_reaches_the_api_and_no_other" {
  command = plan

  variables {
    api_allowed_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = !azurerm_kubernetes_cluster.this.private_cluster_enabled && one(one(azurerm_kubernetes_cluster.this.api_server_access_profile).authorized_ip_ranges) == "203.0.113.0/24"
    error_message = "The API is public for others than the given range."
  }
}

run "subnets_of_one_zone_or_another_network_are_refused" {
  command = plan

  variables {
    private_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/other/subnets/private-1", "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/other/subnets/private-2"]
  }

  expect_failures = [var.private_subnet_ids]
}

run "an_open_api_no_admin_and_an_old_version_are_refused" {
  command = plan

  variables {
    api_allowed_cidrs  = ["0.0.0.0/0"]
    admin_groups       = []
    kubernetes_version = "1.27"
    system_nodes       = { min = 1, max = 1 }
    network_id         = "vpc-0123456789abcdef0"
    log_days           = 1
  }

  expect_failures = [
    var.api_allowed_cidrs, var.admin_groups, var.kubernetes_version, var.system_nodes, var.network_id, var.log_days,
  ]
}
