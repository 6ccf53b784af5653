# What one ML project gets in one environment: a repository for its images, stores for artefacts and data,
# service accounts for its CI, a budget, a bucket of logs, and an identity for its pods that reaches its own stores
# and nothing else. Nobody gets a key.

module "contract" {
  source  = "../../contract"
  context = var.context
}

module "artifacts" {
  source = "../artifact-store"

  context       = var.context
  purpose       = "artifacts"
  log_store_id  = var.log_store_id
  force_destroy = var.force_destroy
}

module "data" {
  source = "../artifact-store"

  context       = var.context
  purpose       = "data"
  tiers         = var.data_tiers
  log_store_id  = var.log_store_id
  force_destroy = var.force_destroy
}

# Who pulls and pushes is said by ci_identity: the same right twice would go with the first that is taken away.
module "registry" {
  source = "../registry"

  context       = var.context
  repositories  = [var.context.project]
  force_destroy = var.force_destroy
}

module "ci_identity" {
  source = "../ci-identity"

  context           = var.context
  git               = var.git
  jenkins           = var.jenkins
  provider_id       = var.provider_id
  read_stores       = [module.data.store_arn]
  write_stores      = [module.artifacts.store_arn]
  push_repositories = [module.registry.repository_ids[var.context.project]]
  encryption_keys   = [module.artifacts.encryption_key_id, module.data.encryption_key_id]
  workflow          = var.workflow
}

module "budget" {
  source = "../budget"

  context        = var.context
  monthly_budget = var.monthly_budget
  emails         = var.budget_emails
}

data "google_project" "this" {}

data "google_logging_project_cmek_settings" "this" {
  project = data.google_project.this.project_id
}

locals {
  project_id = data.google_project.this.project_id
  key        = "${module.contract.names.role_prefix}-logs"

  # The same rule as the tenants' records and the chart: the namespace is team-project-environment, and
  # the pods that train and serve run under an account named after the project.
  namespace       = module.contract.names.base
  service_account = var.context.project

  # The address is the account's id in this project: known before the account is, so a plan shows whole policies.
  account  = "w-${module.contract.names.service_account}"
  workload = "${local.account}@${local.project_id}.iam.gserviceaccount.com"
  pods     = "serviceAccount:${local.project_id}.svc.id.goog[${local.namespace}/${local.service_account}]"

  # Training writes models, batch serving writes predictions; neither can change what it learned from.
  grants = {
    read-artifacts  = { bucket = module.artifacts.store_id, role = "roles/storage.objectViewer", below = "" }
    write-artifacts = { bucket = module.artifacts.store_id, role = "roles/storage.objectCreator", below = "" }
    read-data       = { bucket = module.data.store_id, role = "roles/storage.objectViewer", below = "" }
    write-data      = { bucket = module.data.store_id, role = "roles/storage.objectCreator", below = "predictions/" }
  }
}

resource "google_service_account" "workload" {
  account_id   = local.account
  display_name = "Pods of ${var.context.team}/${var.context.project} in ${var.context.environment}"
}

# All clusters of a Google project share its pods' names; an environment has a project and a cluster of its own.
resource "google_service_account_iam_binding" "workload" {
  service_account_id = google_service_account.workload.name
  role               = "roles/iam.workloadIdentityUser"
  members            = [local.pods]

  # A pod that starts before the rights are there would fail once and look broken.
  depends_on = [google_storage_bucket_iam_member.workload]
}

resource "google_storage_bucket_iam_member" "workload" {
  for_each = local.grants

  bucket = each.value.bucket
  role   = each.value.role
  member = "serviceAccount:${local.workload}"

  dynamic "condition" {
    for_each = each.value.below == "" ? [] : [each.value.below]

    content {
      title       = "below ${condition.value}"
      description = "Writes nothing else"
      expression  = "resource.name.startsWith(\"projects/_/buckets/${each.value.bucket}/objects/${condition.value}\")"
    }
  }

  depends_on = [google_service_account.workload]
}

resource "google_kms_key_ring" "this" {
  name     = local.key
  location = var.context.region
}

resource "google_kms_crypto_key" "this" {
  #checkov:skip=CKV_GCP_82:A destroyed key can be called back for 30 days; a project that ended must be removable
  name                       = local.key
  key_ring                   = google_kms_key_ring.this.id
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "2592000s" # 30 days
  labels                     = module.contract.tags
}

resource "google_kms_crypto_key_iam_binding" "this" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = ["serviceAccount:${data.google_logging_project_cmek_settings.this.service_account_id}"]
}

resource "google_logging_project_bucket_config" "this" {
  project        = local.project_id
  location       = var.context.region
  bucket_id      = local.namespace
  description    = "Logs of ${var.context.team}/${var.context.project} in ${var.context.environment}"
  retention_days = 365

  cmek_settings {
    kms_key_name = google_kms_crypto_key.this.id
  }

  depends_on = [google_kms_crypto_key_iam_binding.this]
}

resource "google_logging_project_sink" "this" {
  name                   = local.namespace
  description            = "Logs of the pods of ${var.context.team}/${var.context.project}"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  unique_writer_identity = true
  filter = join(" AND ", [
    "resource.type=(\"k8s_container\" OR \"k8s_pod\")",
    "resource.labels.cluster_name=\"${var.cluster_name}\"",
    "resource.labels.namespace_name=\"${local.namespace}\"",
  ])
}
