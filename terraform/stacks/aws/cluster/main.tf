# The cluster of an environment and its pools of GPU nodes, one for each of the types that platform.yaml says
# the cluster has. Its name is made here and belongs into platform.yaml: clusters.

locals {
  platform = yamldecode(file(var.platform_file))
  cloud    = local.platform.clouds.aws
  git      = local.platform.git
  owner    = one([for team in local.platform.teams : team if team.name == var.team])

  context = {
    cloud            = "aws"
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
  cluster   = one([for cluster in local.platform.clusters : cluster if cluster.cloud == "aws" && cluster.environment == var.environment])
  gpu_types = try(local.cluster.gpuTypes, [])
  pools = merge(
    { for type in local.gpu_types : type => merge(local.pool, { gpu_type = type, gpus_per_node = type == "a100" ? 8 : 1 }) if !contains(values(var.gpu_pools)[*].gpu_type, type) },
    var.gpu_pools,
  )
  pool = { nodes = { min = 0, max = 2 }, spot = false, reservation_id = "", fast_network = false }
}

provider "aws" {
  region = local.cloud.region

  # The wrong profile in the shell is the mistake that costs most: it ends here.
  allowed_account_ids = [local.cloud.accounts[var.environment]]
}

module "cluster" {
  source = "../../../modules/aws/cluster"

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
  source   = "../../../modules/aws/gpu-pool"
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

module "observability" {
  source = "../../../modules/aws/observability"

  context            = local.context
  cluster_name       = module.cluster.cluster_name
  network_id         = var.network_id
  private_subnet_ids = var.private_subnet_ids
  alarm_emails       = setunion(try([local.owner.owner], []), var.alarm_emails)
  log_days           = var.log_days
  opensearch         = var.opensearch

  search_security_groups = { nodes = module.cluster.node_security_group_id }
  master_role_arn        = var.opensearch_master_role
}

# MLflow's database and bucket. They hold what cannot be made again, so they are protected from a destroy.
module "tracking" {
  source   = "../../../modules/aws/tracking"
  for_each = var.tracking.enabled ? { mlflow = merge(local.context, { project = "mlflow", data_class = "confidential" }) } : {}

  context                 = each.value
  network_id              = var.network_id
  private_subnet_ids      = var.private_subnet_ids
  allowed_security_groups = { nodes = module.cluster.node_security_group_id }
  instance_class          = var.tracking.instance_class
  storage_gb              = var.tracking.storage_gb
  log_store_id            = var.log_store_id
  deletion_protection     = var.tracking.deletion_protection
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
