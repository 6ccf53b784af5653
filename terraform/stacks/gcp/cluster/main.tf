# The cluster of an environment and its pools of GPU nodes, one for each of the types that platform.yaml says
# the cluster has. Its name is made here and belongs into platform.yaml: clusters.

locals {
  platform = yamldecode(file(var.platform_file))
  cloud    = local.platform.clouds.gcp
  git      = local.platform.git
  owner    = one([for team in local.platform.teams : team if team.name == var.team])

  context = {
    cloud            = "gcp"
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
  cluster   = one([for cluster in local.platform.clusters : cluster if cluster.cloud == "gcp" && cluster.environment == var.environment])
  gpu_types = try(local.cluster.gpuTypes, [])
  pools = merge(
    { for type in local.gpu_types : type => merge(local.pool, { gpu_type = type, gpus_per_node = type == "h100" ? 8 : 1 }) if !contains(values(var.gpu_pools)[*].gpu_type, type) },
    var.gpu_pools,
  )
  pool = { nodes = { min = 0, max = 2 }, spot = false, reservation_id = "", fast_network = false }
}

# The project stands here and not in the shell, so the wrong login reaches nothing instead of another project.
provider "google" {
  project = local.cloud.accounts[var.environment]
  region  = local.cloud.region
}

module "cluster" {
  source = "../../../modules/gcp/cluster"

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
  source   = "../../../modules/gcp/gpu-pool"
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

# The cluster asks this policy before it starts an image; a project has one. Images of the project's own registry
# and Google's may run. What comes from elsewhere runs too, but stands in the audit log: enforce it once the
# images of the platform's charts are mirrored.
resource "google_binary_authorization_policy" "this" {
  description                   = "Images of this project and of Google"
  global_policy_evaluation_mode = "ENABLE"

  admission_whitelist_patterns {
    name_pattern = "${local.cloud.region}-docker.pkg.dev/${local.cloud.accounts[var.environment]}/**"
  }

  default_admission_rule {
    evaluation_mode  = "ALWAYS_DENY"
    enforcement_mode = "DRYRUN_AUDIT_LOG_ONLY"
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
