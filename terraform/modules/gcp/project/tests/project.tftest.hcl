mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012", billing_account = "01A2B3-C4D5E6-F7A8B9" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_data "google_logging_project_cmek_settings" {
    defaults = { service_account_id = "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/acme-ml-dev/locations/europe-west3/keyRings/any/cryptoKeys/any" }
  }
}

variables {
  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
    data_class       = "confidential"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  git = {
    host          = "github.com"
    owner         = "acme"
    repository    = "lane-detection"
    owner_id      = "1001"
    repository_id = "2002"
  }

  provider_id    = "projects/123456789012/locations/global/workloadIdentityPools/ci-platform-platform-dev/providers/git"
  cluster_name   = "ml-dev"
  monthly_budget = 2000
  budget_emails  = ["vision-ml@example.com"]
  data_tiers     = { archive_days = 90 }
  log_store_id   = "acme-platform-platform-dev-logs"
}

run "pods_reach_the_stores_of_their_own_project_and_nothing_else" {
  command = plan

  assert {
    condition = { for grant in values(google_storage_bucket_iam_member.workload) : "${grant.bucket} ${grant.role}" => [for each in grant.condition : each.expression] } == {
      "acme-vision-lane-detection-dev-artifacts roles/storage.objectViewer"  = []
      "acme-vision-lane-detection-dev-artifacts roles/storage.objectCreator" = []
      "acme-vision-lane-detection-dev-data roles/storage.objectViewer"       = []
      "acme-vision-lane-detection-dev-data roles/storage.objectCreator"      = ["resource.name.startsWith(\"projects/_/buckets/acme-vision-lane-detection-dev-data/objects/predictions/\")"]
    }
    error_message = "Pods reach more than the stores of their project, or can change the data that they learn from."
  }
  assert {
    condition     = join(" ", google_service_account_iam_binding.workload.members) == "serviceAccount:acme-ml-dev.svc.id.goog[vision-lane-detection-dev/lane-detection]"
    error_message = "Other pods than those of the project get the account."
  }
  assert {
    condition     = output.workload_identity == "w-vision-lane-detection-dev@acme-ml-dev.iam.gserviceaccount.com" && output.gitops_metadata.namespace == "vision-lane-detection-dev"
    error_message = "The chart is told another account or namespace."
  }
}

run "a_project_gets_stores_a_repository_and_logs_that_last_a_year" {
  command = plan

  assert {
    condition     = output.artifact_store_uri == "gs://acme-vision-lane-detection-dev-artifacts" && output.data_store_uri == "gs://acme-vision-lane-detection-dev-data"
    error_message = "The project does not have its two stores."
  }
  assert {
    condition     = output.repository_url == "europe-west3-docker.pkg.dev/acme-ml-dev/acme-ml-lane-detection/lane-detection"
    error_message = "The project does not have its own repository."
  }
  assert {
    condition     = google_logging_project_bucket_config.this.retention_days == 365 && one(google_logging_project_bucket_config.this.cmek_settings).kms_key_name == google_kms_crypto_key.this.id && strcontains(google_logging_project_sink.this.filter, "namespace_name=\"vision-lane-detection-dev\"")
    error_message = "The logs are not encrypted, not kept for a year or of another namespace."
  }
  assert {
    condition     = google_kms_crypto_key.this.labels["cost-center"] == "cc-4720" && google_kms_crypto_key.this.rotation_period == "7776000s"
    error_message = "The key lacks its cost labels, or does not rotate."
  }
}

run "no_budget_no_address_and_an_odd_cluster_are_refused" {
  command = plan

  variables {
    monthly_budget = 0
    budget_emails  = []
    cluster_name   = "ml dev"
  }

  expect_failures = [var.monthly_budget, var.budget_emails, var.cluster_name]
}
