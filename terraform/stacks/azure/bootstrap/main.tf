# What every other stack of an environment stands on: the store of the states, and the log store that all stores
# log to. Applied first, by a person, once for each subscription; destroyed last. Azure needs nothing that lets CI
# in without keys: each identity's credentials name the issuer themselves.

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
    data_class       = "confidential" # states and logs tell much about all projects
    repo             = "${local.git.owner}/${local.git.repository}"
    template_version = var.template_version
  }

  # A Server signs for itself, GHE.com signs for each tenant. The same rule as in ci-identity.
  git_issuer = (
    local.git.host == "github.com" ? "https://token.actions.githubusercontent.com" :
    endswith(local.git.host, ".ghe.com") ? "https://token.actions.${local.git.host}" :
    "https://${local.git.host}/_services/token"
  )

  backend_config = {
    subscription_id      = local.cloud.accounts[var.environment]
    resource_group_name  = split("/", module.state_store.store_id)[4]
    storage_account_name = basename(module.state_store.store_id)
    container_name       = basename(module.state_store.store_arn)
    use_azuread_auth     = "true"
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

module "log_store" {
  source = "../../../modules/azure/artifact-store"

  context       = local.context
  purpose       = "logs"
  force_destroy = var.force_destroy
}

# Locked while it is written by a lease, which the backend takes by itself.
module "state_store" {
  source = "../../../modules/azure/artifact-store"

  context           = local.context
  purpose           = "state"
  writer_identities = var.admin_identities
  object_lock_days  = var.object_lock_days
  log_store_id      = module.log_store.store_id
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
