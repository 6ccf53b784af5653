# What every other stack of an environment stands on: Google's services, the bucket of the states, the log store
# that all buckets log to, and the pool of identities that lets CI in without keys. Applied first, by a person,
# once for each project on Google; destroyed last.

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

  # Who is asked for by accounts is the pool, not the provider: all providers of a pool share its subjects. So each
  # says whose it may speak for. Google takes no provider of github.com without a condition.
  jenkins_issuer = trimsuffix(var.jenkins_issuer, "/")
  providers = merge(
    {
      git = {
        issuer    = "https://${local.git_issuer}"
        condition = "assertion.sub.startsWith('repo:') && assertion.repository_owner == '${local.git.owner}'"
      }
    },
    var.jenkins_issuer == "" ? {} : {
      jenkins = {
        issuer    = var.jenkins_issuer
        condition = "assertion.sub.startsWith('${local.jenkins_issuer}/job/')"
      }
    },
  )

  # What the stacks of an environment use. cloudresourcemanager and serviceusage must be on before.
  services = [
    "artifactregistry", "billingbudgets", "binaryauthorization", "cloudkms", "compute", "container", "containerscanning",
    "dns", "iam", "iamcredentials", "logging", "monitoring", "storage", "sts",
  ]
}

# The project stands here and not in the shell, so the wrong login reaches nothing instead of another project.
provider "google" {
  project = local.cloud.accounts[var.environment]
  region  = local.cloud.region
}

module "contract" {
  source  = "../../../modules/contract"
  context = local.context
}

resource "google_project_service" "this" {
  for_each = toset(local.services)

  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false # others may use it

  lifecycle {
    precondition {
      condition     = local.owner != null
      error_message = "Team ${var.team} does not stand in ${var.platform_file}. Allowed are ${join(", ", local.platform.teams[*].name)}; set `team`, or add it there."
    }
  }
}

module "log_store" {
  source = "../../../modules/gcp/artifact-store"

  context       = local.context
  purpose       = "logs"
  force_destroy = var.force_destroy

  depends_on = [google_project_service.this]
}

# A bucket that keeps every version and whose lock is a file in it.
module "state_backend" {
  source = "../../../modules/gcp/artifact-store"

  context           = local.context
  purpose           = "state"
  object_lock_days  = var.object_lock_days
  log_store_id      = module.log_store.store_id
  writer_identities = var.admin_identities

  depends_on = [google_project_service.this]
}

# The projects share it: a Google project may have some hundred pools, and a deleted one keeps its name for 30 days.
resource "google_iam_workload_identity_pool" "this" {
  workload_identity_pool_id = "ci-${module.contract.names.service_account}"
  display_name              = "CI in ${var.environment}"
  description               = "Runs of ${local.git.host}/${local.git.owner}, and of Jenkins where there is one"

  depends_on = [google_project_service.this]
}

resource "google_iam_workload_identity_pool_provider" "this" {
  for_each = local.providers

  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = each.key
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = each.value.condition

  # Without allowed_audiences a token must be made for this very provider.
  oidc {
    issuer_uri = each.value.issuer
  }
}
