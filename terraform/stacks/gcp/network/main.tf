# The network of an environment. It changes least and everything stands on it, so nothing else is in its state.

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
}

# The project stands here and not in the shell, so the wrong login reaches nothing instead of another project.
provider "google" {
  project = local.cloud.accounts[var.environment]
  region  = local.cloud.region
}

module "network" {
  source = "../../../modules/gcp/network"

  context           = local.context
  cidr              = var.cidr
  zones             = var.zones
  nat               = var.nat
  private_endpoints = var.private_endpoints
  flow_log_days     = var.flow_log_days
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
