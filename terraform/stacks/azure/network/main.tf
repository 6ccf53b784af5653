# The network of an environment. It changes least and everything stands on it, so nothing else is in its state.

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

module "network" {
  source = "../../../modules/azure/network"

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
