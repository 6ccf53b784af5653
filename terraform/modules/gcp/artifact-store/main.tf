# A bucket for one purpose (artifacts, data, logs or state) with a key of its own. It keeps every version, is
# never public, and tidies up after itself. That it takes no plain HTTP needs no policy: Google's API answers
# over TLS only, and an upload that names no key is encrypted by the bucket's.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "google_storage_project_service_account" "this" {}

locals {
  name = "${module.contract.names.bucket_prefix}-${var.purpose}"

  # Writers read too: whoever cannot read back what was written cannot verify it. None of them may delete, and so
  # not replace either: what was written goes by the life-cycle rules only. Terraform replaces its states and
  # takes its lock away by deleting it.
  write = var.purpose == "state" ? "roles/storage.objectUser" : "roles/storage.objectCreator"
  grants = merge(
    { for member in setunion(var.reader_identities, var.writer_identities) : "read ${member}" => { role = "roles/storage.objectViewer", member = member } },
    { for member in var.writer_identities : "write ${member}" => { role = local.write, member = member } },
    # Google's own group, which delivers access logs (https://cloud.google.com/storage/docs/access-logs). Unlike on
    # AWS nothing says whose buckets may log here; the logs carry the name of the bucket.
    { for member in var.purpose == "logs" ? ["group:cloud-storage-analytics@google.com"] : [] : "deliver access logs" => { role = "roles/storage.objectCreator", member = member } },
  )

  # Logs are kept for a year. So are the states that newer ones replaced, each of which is small; of
  # other stores a quarter, in which a mistake is found.
  expire_days   = var.purpose == "logs" ? { this = 365 } : {}
  replaced_days = var.purpose == "state" ? 365 : 90
  transitions = var.tiers == null ? {} : {
    NEARLINE = var.tiers.infrequent_days
    COLDLINE = var.tiers.archive_days # ARCHIVE is billed for a year at least, and training reads old drives
  }
}

# Key rings stay for ever, in name: Google deletes none. Their keys can be destroyed.
resource "google_kms_key_ring" "this" {
  name     = local.name
  location = var.context.region
}

resource "google_kms_crypto_key" "this" {
  #checkov:skip=CKV_GCP_82:A destroyed key can be called back for 30 days; a store that nobody needs must be removable
  name                       = local.name
  key_ring                   = google_kms_key_ring.this.id
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "2592000s" # 30 days
  labels                     = module.contract.tags
}

# Cloud Storage uses the key in the place of whoever reads and writes; nobody else may.
resource "google_kms_crypto_key_iam_binding" "this" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = [data.google_storage_project_service_account.this.member]
}

resource "google_storage_bucket" "this" {
  name                        = local.name
  location                    = var.context.region
  force_destroy               = var.force_destroy
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = module.contract.tags

  versioning {
    enabled = true
  }

  encryption {
    default_kms_key_name = google_kms_crypto_key.this.id
  }

  # What even its last version lost can be called back for a week, whoever deleted it.
  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  dynamic "retention_policy" {
    for_each = var.object_lock_days > 0 ? [var.object_lock_days] : []

    content {
      retention_period = retention_policy.value * 86400 # days in seconds
      is_locked        = false                          # locked lets nobody correct a mistake, not even the project's owner
    }
  }

  dynamic "logging" {
    for_each = var.log_store_id == "" ? [] : [var.log_store_id]

    content {
      log_bucket        = logging.value
      log_object_prefix = "gcs/${local.name}"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age        = 7
      with_state = "ANY"
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = local.replaced_days
      with_state                 = "ARCHIVED"
    }
  }

  dynamic "lifecycle_rule" {
    for_each = local.expire_days

    content {
      action {
        type = "Delete"
      }
      condition {
        age        = lifecycle_rule.value
        with_state = "LIVE"
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = local.transitions

    content {
      action {
        type          = "SetStorageClass"
        storage_class = lifecycle_rule.key
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.purpose != "logs" || var.log_store_id == ""
      error_message = "A log store takes no log store of its own: it would log its own logging without end. Leave log_store_id out."
    }
  }

  # Google refuses a bucket whose key it may not use.
  depends_on = [google_kms_crypto_key_iam_binding.this]
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.grants

  bucket = google_storage_bucket.this.name
  role   = each.value.role
  member = each.value.member
}
