mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/acme-ml-dev/locations/europe-west3/keyRings/data/cryptoKeys/data" }
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

  purpose           = "data"
  tiers             = { archive_days = 90 }
  object_lock_days  = 30
  log_store_id      = "acme-platform-dev-logs"
  reader_identities = ["serviceAccount:reader@acme-ml-dev.iam.gserviceaccount.com"]
  writer_identities = ["serviceAccount:writer@acme-ml-dev.iam.gserviceaccount.com"]
}

run "a_store_is_never_public_and_encrypted_by_its_own_key" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.public_access_prevention == "enforced" && google_storage_bucket.this.uniform_bucket_level_access
    error_message = "The bucket can be made public, or single objects can have rights of their own."
  }
  assert {
    condition     = one(google_storage_bucket.this.encryption).default_kms_key_name == google_kms_crypto_key.this.id && google_kms_crypto_key.this.rotation_period == "7776000s"
    error_message = "The bucket is not encrypted by a key of its own that rotates."
  }
  assert {
    condition     = join(" ", google_kms_crypto_key_iam_binding.this.members) == "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
    error_message = "Others than Cloud Storage may use the key."
  }
  assert {
    condition = { for grant in values(google_storage_bucket_iam_member.this) : "${grant.member} ${grant.role}" => true } == {
      "serviceAccount:reader@acme-ml-dev.iam.gserviceaccount.com roles/storage.objectViewer"  = true
      "serviceAccount:writer@acme-ml-dev.iam.gserviceaccount.com roles/storage.objectViewer"  = true
      "serviceAccount:writer@acme-ml-dev.iam.gserviceaccount.com roles/storage.objectCreator" = true
    }
    error_message = "Others than the given readers and writers were let in, or writers may delete."
  }
  assert {
    condition = alltrue([
      one(google_storage_bucket.this.versioning).enabled,
      one(google_storage_bucket.this.retention_policy).retention_period == 2592000,
      !one(google_storage_bucket.this.retention_policy).is_locked,
      one(google_storage_bucket.this.logging).log_bucket == "acme-platform-dev-logs",
    ])
    error_message = "Versions, retention or access logs are off."
  }
  assert {
    condition = {
      for rule in google_storage_bucket.this.lifecycle_rule : one(rule.action).storage_class => one(rule.condition).age
      if one(rule.action).type == "SetStorageClass"
    } == { NEARLINE = 30, COLDLINE = 90 }
    error_message = "Old data does not move to cheaper classes."
  }
  assert {
    condition     = google_storage_bucket.this.labels["cost-center"] == "cc-4720" && google_storage_bucket.this.name == "acme-vision-lane-detection-dev-data"
    error_message = "The bucket lacks its labels or its name."
  }
}

run "a_log_store_takes_access_logs_and_keeps_them_for_a_year" {
  command = plan

  variables {
    purpose           = "logs"
    tiers             = null
    object_lock_days  = 0
    log_store_id      = ""
    reader_identities = []
    writer_identities = []
  }

  assert {
    condition     = [for grant in values(google_storage_bucket_iam_member.this) : [grant.member, grant.role]] == [["group:cloud-storage-analytics@google.com", "roles/storage.objectCreator"]]
    error_message = "Others than Cloud Storage write logs, or it may do more than write."
  }
  assert {
    condition     = contains([for rule in google_storage_bucket.this.lifecycle_rule : one(rule.condition).age if one(rule.condition).with_state == "LIVE"], 365)
    error_message = "Logs do not go after a year."
  }
}

run "a_state_is_replaced_and_unlocked_by_its_writers_only" {
  command = plan

  variables {
    purpose           = "state"
    tiers             = null
    reader_identities = []
  }

  assert {
    condition = toset([for grant in values(google_storage_bucket_iam_member.this) : grant.role if startswith(grant.member, "serviceAccount:writer@")]) == toset([
      "roles/storage.objectUser", "roles/storage.objectViewer",
    ])
    error_message = "Terraform cannot replace its state and take away its lock."
  }
  assert {
    condition     = length(google_storage_bucket_iam_member.this) == 2
    error_message = "Others than the writers can read the state."
  }
}

run "a_log_store_that_logs_into_another_is_refused" {
  command = plan

  variables {
    purpose = "logs"
  }

  expect_failures = [google_storage_bucket.this]
}

run "everybody_as_reader_and_an_unknown_purpose_are_refused" {
  command = plan

  variables {
    purpose           = "models"
    tiers             = { infrequent_days = 10 }
    reader_identities = ["allUsers"]
  }

  expect_failures = [var.purpose, var.tiers, var.reader_identities]
}
