# Three service accounts for the pipelines of one repository in one environment: build (default branch), deploy
# (the environment's jobs) and read (pull requests). Nobody gets a key: a run shows a token that its CI
# system signed, and Google gives credentials for an hour. Each account names the subjects that may take it,
# exactly; no attribute, no set, no wildcard.

module "contract" {
  source  = "../../contract"
  context = var.context
  git     = var.git
  jenkins = var.jenkins
}

data "google_project" "this" {}

locals {
  project    = data.google_project.this.project_id
  github_com = var.git.host == "github.com"

  # A Server signs for itself, GHE.com signs for each tenant.
  issuer = (
    local.github_com ? "token.actions.githubusercontent.com" :
    endswith(var.git.host, ".ghe.com") ? "token.actions.${var.git.host}" :
    "${var.git.host}/_services/token"
  )

  # Who is asked for here is the pool, not the provider: all providers of a pool share its subjects. So the git
  # host's may say nothing but repo:…, Jenkins' nothing but its own jobs, and neither can speak for the other.
  pool_id = "ci-${module.contract.names.service_account}"
  pool    = var.provider_id != "" ? split("/providers/", var.provider_id)[0] : "projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${local.pool_id}"
  own     = var.provider_id == ""

  git_conditions = concat(
    [
      "assertion.sub.startsWith('repo:')",
      "assertion.repository == '${var.git.owner}/${var.git.repository}'",
    ],
    var.git.repository_id == "" ? [] : ["assertion.repository_id == '${var.git.repository_id}'"],
    # Which version of the workflow runs is pinned in the calling repository.
    var.workflow == "" ? [] : ["assertion.job_workflow_ref.startsWith('${var.workflow}@')"],
  )
  providers = local.own ? merge(
    { git = { issuer = "https://${local.issuer}", condition = join(" && ", local.git_conditions) } },
    var.jenkins == null ? {} : {
      jenkins = {
        issuer    = module.contract.jenkins.issuer
        condition = "assertion.sub in [${join(", ", formatlist("'%s'", module.contract.jenkins.subjects))}]"
      }
    },
  ) : {}
  provider_id = local.own ? google_iam_workload_identity_pool_provider.this["git"].name : var.provider_id

  # Jenkins' tokens name the job and nothing of pull requests, so it never gets the read account.
  jenkins_subjects = try(module.contract.jenkins.subjects, [])
  subjects = {
    build  = concat(module.contract.subjects.build, local.jenkins_subjects)
    deploy = concat(module.contract.subjects.deploy, local.jenkins_subjects)
    read   = module.contract.subjects.read
  }
  members = {
    for role, subjects in local.subjects : role => [for subject in subjects : "principal://iam.googleapis.com/${local.pool}/subject/${subject}"]
  }

  # Google refuses a token whose subject is longer than 127 bytes
  # (https://cloud.google.com/iam/docs/workload-identity-federation#mapping); base64 counts bytes where length counts letters.
  bytes    = { for subject in distinct(flatten(values(local.subjects))) : subject => length(replace(base64encode(subject), "=", "")) * 3 / 4 }
  too_long = [for subject, bytes in local.bytes : subject if floor(bytes) > 127]

  accounts = {
    for role, letter in { build = "b", deploy = "d", read = "r" } : role => "${letter}-${module.contract.names.service_account}"
  }
  # The address is the account's id in this project: known before the account is, so a plan shows whole policies.
  emails = { for role, account in local.accounts : role => "${account}@${local.project}.iam.gserviceaccount.com" }

  # Each account's stores and repositories, by what it may do with them.
  reads  = { build = setunion(var.read_stores, var.write_stores), deploy = setunion(var.read_stores, var.write_stores), read = var.read_stores }
  writes = { build = var.write_stores, deploy = [], read = [] }
  pushes = { build = var.push_repositories, deploy = [], read = [] }
  pulls  = { build = var.push_repositories, deploy = var.push_repositories, read = [] }

  # objectCreator cannot delete, and so not replace: what a build wrote is removed by life-cycle rules only.
  store_grants = merge(flatten([
    for role in keys(local.accounts) : [
      { for store in local.reads[role] : "${role} reads ${store}" => { account = role, store = store, role = "roles/storage.objectViewer" } },
      { for store in local.writes[role] : "${role} writes ${store}" => { account = role, store = store, role = "roles/storage.objectCreator" } },
    ]
  ])...)
  repository_grants = merge(flatten([
    for role in keys(local.accounts) : [
      { for repository in local.pulls[role] : "${role} pulls ${repository}" => { account = role, repository = repository, role = "roles/artifactregistry.reader" } },
      { for repository in local.pushes[role] : "${role} pushes ${repository}" => { account = role, repository = repository, role = "roles/artifactregistry.writer" } },
    ]
  ])...)
}

# A pool that was deleted keeps its name for 30 days and can be called back (gcloud iam workload-identity-pools undelete).
resource "google_iam_workload_identity_pool" "this" {
  for_each = local.own ? { this = local.pool_id } : {}

  workload_identity_pool_id = each.value
  display_name              = substr(module.contract.names.base, 0, 32) # as long as Google takes
  description               = "CI of ${var.context.repo} in ${var.context.environment}"
}

resource "google_iam_workload_identity_pool_provider" "this" {
  for_each = local.providers

  workload_identity_pool_id          = google_iam_workload_identity_pool.this["this"].workload_identity_pool_id
  workload_identity_pool_provider_id = each.key
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = each.value.condition

  # Without allowed_audiences a token must be made for this very provider.
  oidc {
    issuer_uri = each.value.issuer
  }
}

resource "google_service_account" "this" {
  for_each = local.accounts

  account_id   = each.value
  display_name = substr("CI (${each.key}, ${var.context.environment}) of ${var.context.repo}", 0, 100) # as long as Google takes

  lifecycle {
    precondition {
      condition     = var.workflow == "" || local.own
      error_message = "workflow cannot be enforced with a provider that several repositories share: Google asks the provider for it, not the account. Leave provider_id empty, and the repository gets a provider of its own that lets only this workflow in; or leave workflow empty."
    }
    precondition {
      condition     = length(local.too_long) == 0
      error_message = "A subject is longer than the 127 bytes that Google takes as google.subject, so its runs would get no credentials: ${join(", ", local.too_long)}. Shorten the name of the repository, of its default branch, or of Jenkins' job or address."
    }
  }
}

# A binding, not a member: who else was let in by hand is put out again by the next apply.
resource "google_service_account_iam_binding" "this" {
  for_each = local.members

  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  members            = each.value

  depends_on = [google_iam_workload_identity_pool.this]
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.store_grants

  bucket = trimprefix(each.value.store, "projects/_/buckets/")
  role   = each.value.role
  member = "serviceAccount:${local.emails[each.value.account]}"

  depends_on = [google_service_account.this]
}

resource "google_artifact_registry_repository_iam_member" "this" {
  for_each = local.repository_grants

  project    = split("/", each.value.repository)[1]
  location   = split("/", each.value.repository)[3]
  repository = split("/", each.value.repository)[5]
  role       = each.value.role
  member     = "serviceAccount:${local.emails[each.value.account]}"

  depends_on = [google_service_account.this]
}
