# The cluster of an environment and its pools of GPU nodes, one for each of the types that platform.yaml says
# the cluster has. Its name is made here and belongs into platform.yaml: clusters.

locals {
  platform = yamldecode(file(var.platform_file))
  cloud    = local.platform.clouds.azure
  git      = local.platform.git
  owner    = one([for team in local.platform.teams : team if team.name == var.team])

  context = {
    cloud            = "azure"
    organisation     = var.organisation
    region           = local.cloud.region
    environment      = var.environment
    team             = var.team
    project          = "platform"
    cost_center      = try(local.owner.costCenter, "")
    data_class       = "internal"
    repo             = "${local.git.owner}/${local.git.repository}"
    template_version = var.template_version
  }

  # Types of platform.yaml that the variable says nothing about get a small pool of their own.
  cluster   = one([for cluster in local.platform.clusters : cluster if cluster.cloud == "azure" && cluster.environment == var.environment])
  gpu_types = try(local.cluster.gpuTypes, [])
  pools = merge(
    { for type in local.gpu_types : type => merge(local.pool, { gpu_type = type, gpus_per_node = 1 }) if !contains(values(var.gpu_pools)[*].gpu_type, type) },
    var.gpu_pools,
  )
  pool = { nodes = { min = 0, max = 2 }, spot = false, reservation_id = "", fast_network = false }

  # Source of the names: https://learn.microsoft.com/azure/aks/monitor-aks-reference (metrics of the platform).
  alarms = {
    nodes-not-ready = {
      description = "A node is there and takes no pods."
      metric      = "kube_node_status_condition", aggregation = "Average", threshold = 0
      dimensions  = { condition = "Ready", status2 = "NotReady" }
    }
    disk-full = {
      description = "A node's disk is nearly full: images and logs have no room."
      metric      = "node_disk_usage_percentage", aggregation = "Maximum", threshold = 85
      dimensions  = {}
    }
    memory-full = {
      description = "The nodes' memory is nearly used up: pods will be killed."
      metric      = "node_memory_working_set_percentage", aggregation = "Average", threshold = 90
      dimensions  = {}
    }
  }
}

provider "azurerm" {
  subscription_id     = local.cloud.accounts[var.environment] # never the shell's: the wrong one is the mistake that costs most
  storage_use_azuread = true                                  # stores know no account keys

  features {
    # A deleted key stays for 90 days and can be called back; Azure refuses to purge it.
    key_vault {
      purge_soft_delete_on_destroy       = false
      purge_soft_deleted_keys_on_destroy = false
    }

    # Containers are made through the management API, so that stores need not be reached from here.
    storage {
      data_plane_available = false
    }
  }
}

module "contract" {
  source  = "../../../modules/contract"
  context = local.context
}

module "cluster" {
  source = "../../../modules/azure/cluster"

  context            = local.context
  network_id         = var.network_id
  private_subnet_ids = var.private_subnet_ids
  kubernetes_version = var.kubernetes_version
  system_nodes       = var.system_nodes
  admin_groups       = var.admin_groups
  api_allowed_cidrs  = var.api_allowed_cidrs
  log_days           = var.log_days
}

module "gpu_pool" {
  source   = "../../../modules/azure/gpu-pool"
  for_each = local.pools

  context            = local.context
  cluster_name       = module.cluster.cluster_name
  private_subnet_ids = var.private_subnet_ids
  node_identity      = module.cluster.node_identity
  name               = each.key
  gpu_type           = each.value.gpu_type
  gpus_per_node      = each.value.gpus_per_node
  nodes              = each.value.nodes
  spot               = each.value.spot
  reservation_id     = each.value.reservation_id
  fast_network       = each.value.fast_network
}

# Who is told when something is wrong. Logs are searched in the cluster's own workspace, so there is no domain for it.
resource "azurerm_monitor_action_group" "this" {
  name                = "${module.cluster.cluster_name}-alarms"
  resource_group_name = module.cluster.cluster_name
  short_name          = "gleis-${var.environment == "staging" ? "stage" : var.environment}" # 12 characters at most
  tags                = module.contract.tags

  dynamic "email_receiver" {
    for_each = setunion(try([local.owner.owner], []), var.alarm_emails)

    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

resource "azurerm_monitor_metric_alert" "this" {
  for_each = local.alarms

  name                = "${module.cluster.cluster_name}-${each.key}"
  resource_group_name = module.cluster.cluster_name
  description         = each.value.description
  scopes              = ["${regex("^/subscriptions/[^/]+/resourceGroups/[^/]+", module.cluster.node_identity)}/providers/Microsoft.ContainerService/managedClusters/${module.cluster.cluster_name}"]
  severity            = 2
  frequency           = "PT5M"
  window_size         = "PT15M"
  tags                = module.contract.tags

  criteria {
    metric_namespace = "Microsoft.ContainerService/managedClusters"
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = "GreaterThan"
    threshold        = each.value.threshold

    dynamic "dimension" {
      for_each = each.value.dimensions

      content {
        name     = dimension.key
        operator = "Include"
        values   = [dimension.value]
      }
    }
  }

  action {
    action_group_id = azurerm_monitor_action_group.this.id
  }
}

resource "terraform_data" "owner" {
  input = var.team

  lifecycle {
    precondition {
      condition     = local.owner != null
      error_message = "Team ${var.team} does not stand in ${var.platform_file}. Allowed are ${join(", ", local.platform.teams[*].name)}; set `team`, or add it there."
    }
  }
}
