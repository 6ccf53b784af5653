# What every other stack of an environment stands on: the bucket of the states, the log store that all
# buckets log to, and the OIDC providers that let CI in without keys. Applied first, by a person, once
# for each account; destroyed last.

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
    data_class       = "confidential" # states and logs tell much about all projects
    repo             = "${local.git.owner}/${local.git.repository}"
    template_version = var.template_version
  }

  # A Server signs for itself, GHE.com signs for each tenant. The same rule as in ci-identity.
  git_issuer = (
    local.git.host == "github.com" ? "token.actions.githubusercontent.com" :
    endswith(local.git.host, ".ghe.com") ? "token.actions.${local.git.host}" :
    "${local.git.host}/_services/token"
  )
  issuers = merge(
    { git = local.git_issuer },
    var.jenkins_issuer == "" ? {} : { jenkins = trimsuffix(trimprefix(var.jenkins_issuer, "https://"), "/") },
  )
}

provider "aws" {
  region = local.cloud.region

  # The wrong profile in the shell is the mistake that costs most: it ends here.
  allowed_account_ids = [local.cloud.accounts[var.environment]]
}

module "contract" {
  source  = "../../../modules/contract"
  context = local.context
}

module "log_store" {
  source = "../../../modules/aws/artifact-store"

  context       = local.context
  purpose       = "logs"
  force_destroy = var.force_destroy
}

module "state_backend" {
  source = "../../../modules/aws/state-backend"

  context          = local.context
  admin_identities = var.admin_identities
  object_lock_days = var.object_lock_days
  log_store_id     = module.log_store.store_id
}

# An account holds one provider for each issuer, so it is made here and not by the projects.
resource "aws_iam_openid_connect_provider" "this" {
  for_each = local.issuers

  url            = "https://${each.value}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = module.contract.tags

  lifecycle {
    precondition {
      condition     = local.owner != null
      error_message = "Team ${var.team} does not stand in ${var.platform_file}. Allowed are ${join(", ", local.platform.teams[*].name)}; set `team`, or add it there."
    }
  }
}
