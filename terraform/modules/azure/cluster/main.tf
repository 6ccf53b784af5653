# A Kubernetes cluster of an environment: its API is private, its secrets and disks are encrypted by a key of its
# own, each of its logs is kept, people come in through groups of Entra's only, and pods get their rights from
# workload identities, never from the nodes they run on. Its resource group bears its name, by which other modules
# find it.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "azurerm_client_config" "this" {}

locals {
  name      = module.contract.names.cluster
  tags      = module.contract.tags
  private   = length(var.api_allowed_cidrs) == 0
  node_type = var.system_nodes.type != "" ? var.system_nodes.type : "Standard_D4ds_v5" # has a local disk for the system

  # A pool stands in one subnet, so each zone has one: as many as there are nodes at least, and subnets.
  pool_count = min(length(var.private_subnet_ids), var.system_nodes.min, 3)
  pools = { for index in range(local.pool_count) : tostring(index + 1) => {
    subnet = var.private_subnet_ids[index]
    min    = floor((var.system_nodes.min + local.pool_count - 1 - index) / local.pool_count)
    max    = floor((var.system_nodes.max + local.pool_count - 1 - index) / local.pool_count)
  } }
  node_labels = { "gleis.dev/pool" = "system" }

  # Known before it is there, so that a plan knows whether the key's uses are logged.
  workspace_id = "/subscriptions/${data.azurerm_client_config.this.subscription_id}/resourceGroups/${azurerm_resource_group.this.name}/providers/Microsoft.OperationalInsights/workspaces/${azurerm_log_analytics_workspace.this.name}"

  identities = { cluster = "${module.contract.names.role_prefix}-cluster", nodes = "${module.contract.names.role_prefix}-nodes" }

  log_categories = toset([
    "cloud-controller-manager", "cluster-autoscaler", "csi-azuredisk-controller", "guard", "kube-apiserver", "kube-audit",
    "kube-controller-manager", "kube-scheduler",
  ]) # kube-audit-admin is a part of kube-audit
}

resource "azurerm_resource_group" "this" {
  name     = local.name
  location = var.context.region
  tags     = local.tags
}

module "key" {
  source = "../encryption-key"

  context             = var.context
  purpose             = "cluster"
  resource_group_name = azurerm_resource_group.this.name
  log_store_id        = local.workspace_id
}

resource "azurerm_disk_encryption_set" "this" {
  name                      = local.name
  resource_group_name       = azurerm_resource_group.this.name
  location                  = var.context.region
  key_vault_key_id          = module.key.key_id
  auto_key_rotation_enabled = true
  encryption_type           = "EncryptionAtRestWithPlatformAndCustomerKeys"
  tags                      = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [module.key.identity_id]
  }
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "${module.contract.names.role_prefix}-cluster"
  resource_group_name          = azurerm_resource_group.this.name
  location                     = var.context.region
  sku                          = "PerGB2018"
  retention_in_days            = var.log_days
  local_authentication_enabled = false
  tags                         = local.tags
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = local.identities

  name                = each.value
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  tags                = local.tags
}

# What the control plane may: put load balancers and nodes into the subnets, hand the nodes their identity, and
# close and open secrets. Nodes get nothing here; who lets them pull says so at the registry.
resource "azurerm_role_assignment" "subnets" {
  for_each = { for index, subnet in var.private_subnet_ids : tostring(index + 1) => subnet }

  scope                = each.value
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_user_assigned_identity.this["cluster"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "nodes" {
  scope                = azurerm_user_assigned_identity.this["nodes"].id
  role_definition_name = "Managed Identity Operator"
  principal_id         = azurerm_user_assigned_identity.this["cluster"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "secrets" {
  scope                = module.key.key_scope
  role_definition_name = "Key Vault Crypto User"
  principal_id         = azurerm_user_assigned_identity.this["cluster"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "disks" {
  scope                = azurerm_disk_encryption_set.this.id
  role_definition_name = "Reader"
  principal_id         = azurerm_user_assigned_identity.this["cluster"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_kubernetes_cluster" "this" {
  #checkov:skip=CKV_AZURE_6:The API is private; api_allowed_cidrs names who else reaches it, and refuses the whole internet
  #checkov:skip=CKV_AZURE_115:The API is private unless api_allowed_cidrs names who else may reach it
  #checkov:skip=CKV_AZURE_232:What the platform itself runs stands on these nodes, too; projects have pools of their own
  name                                = local.name
  resource_group_name                 = azurerm_resource_group.this.name
  node_resource_group                 = "${local.name}-nodes"
  location                            = var.context.region
  dns_prefix                          = module.contract.names.storage_account # at most 54 characters
  kubernetes_version                  = var.kubernetes_version
  sku_tier                            = "Standard"
  automatic_upgrade_channel           = "patch" # minor versions go by kubernetes_version
  node_os_upgrade_channel             = "NodeImage"
  private_cluster_enabled             = local.private
  private_cluster_public_fqdn_enabled = false
  run_command_enabled                 = false # it would reach the API past the network
  local_account_disabled              = true
  role_based_access_control_enabled   = true
  oidc_issuer_enabled                 = true
  workload_identity_enabled           = true
  azure_policy_enabled                = true
  cost_analysis_enabled               = true
  image_cleaner_enabled               = true
  image_cleaner_interval_hours        = 168
  disk_encryption_set_id              = azurerm_disk_encryption_set.this.id
  tags                                = local.tags

  azure_active_directory_role_based_access_control {
    tenant_id              = data.azurerm_client_config.this.tenant_id
    azure_rbac_enabled     = true
    admin_group_object_ids = sort(var.admin_groups)
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this["cluster"].id]
  }

  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.this["nodes"].client_id
    object_id                 = azurerm_user_assigned_identity.this["nodes"].principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.this["nodes"].id
  }

  # Secrets in etcd. It follows no key by itself: after a rotation the next apply brings the new version.
  key_management_service {
    key_vault_key_id         = module.key.key_version_id
    key_vault_network_access = "Public"
  }

  key_vault_secrets_provider {
    secret_rotation_enabled = true
  }

  dynamic "api_server_access_profile" {
    for_each = local.private ? [] : [var.api_allowed_cidrs]

    content {
      authorized_ip_ranges = api_server_access_profile.value
    }
  }

  default_node_pool {
    name                        = "system1"
    vm_size                     = local.node_type
    vnet_subnet_id              = local.pools["1"].subnet
    zones                       = ["1"]
    auto_scaling_enabled        = true
    min_count                   = local.pools["1"].min
    max_count                   = local.pools["1"].max
    max_pods                    = 110
    os_disk_type                = "Ephemeral"
    os_sku                      = "AzureLinux"
    host_encryption_enabled     = true
    node_labels                 = local.node_labels
    temporary_name_for_rotation = "system1tmp"
    tags                        = local.tags

    upgrade_settings {
      max_surge = "33%"
    }
  }

  # Pods have addresses of their own, so the subnets do not run out; Cilium enforces the network policies.
  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    load_balancer_sku   = "standard"
    outbound_type       = "userAssignedNATGateway"
  }

  auto_scaler_profile {
    balance_similar_node_groups = true # the zones
    expander                    = "least-waste"
  }

  oms_agent {
    log_analytics_workspace_id      = azurerm_log_analytics_workspace.this.id
    msi_auth_for_monitoring_enabled = true
  }

  microsoft_defender {
    log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id
  }

  lifecycle {
    ignore_changes = [default_node_pool[0].node_count] # the autoscaler's
  }

  depends_on = [azurerm_role_assignment.subnets, azurerm_role_assignment.nodes, azurerm_role_assignment.secrets]
}

resource "azurerm_kubernetes_cluster_node_pool" "system" {
  for_each = { for zone, pool in local.pools : zone => pool if zone != "1" }

  name                        = "system${each.key}"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "System"
  vm_size                     = local.node_type
  vnet_subnet_id              = each.value.subnet
  zones                       = [each.key]
  auto_scaling_enabled        = true
  min_count                   = each.value.min
  max_count                   = each.value.max
  max_pods                    = 110
  os_disk_type                = "Ephemeral"
  os_sku                      = "AzureLinux"
  host_encryption_enabled     = true
  node_labels                 = local.node_labels
  temporary_name_for_rotation = "system${each.key}tmp"
  tags                        = local.tags

  upgrade_settings {
    max_surge = "33%"
  }

  lifecycle {
    ignore_changes = [node_count] # the autoscaler's
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                           = "control-plane"
  target_resource_id             = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id     = azurerm_log_analytics_workspace.this.id
  log_analytics_destination_type = "Dedicated"

  dynamic "enabled_log" {
    for_each = local.log_categories

    content {
      category = enabled_log.value
    }
  }
}
