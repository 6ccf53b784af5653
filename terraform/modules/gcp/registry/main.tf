# Image repositories of one owner: a tag never moves, images are scanned, they are encrypted by a key of
# their own, old ones go. Artifact Registry's repository is a folder of images that has rights of its own, so
# each name gets one, with one image in it. Plain HTTP needs no refusal: Artifact Registry has none.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "google_project" "this" {}

locals {
  project = data.google_project.this.project_id
  host    = "${var.context.region}-docker.pkg.dev"
  key     = "${module.contract.names.role_prefix}-images"

  # By name: known before it is there, so that a plan shows whole policies.
  ids = { for name in var.repositories : name => "${module.contract.names.registry}-${name}" }

  grants = merge([
    for name in var.repositories : merge(
      { for member in setunion(var.pull_identities, var.push_identities) : "${name} pull ${member}" => { name = name, role = "roles/artifactregistry.reader", member = member } },
      { for member in var.push_identities : "${name} push ${member}" => { name = name, role = "roles/artifactregistry.writer", member = member } },
    )
  ]...)
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

# Artifact Registry uses the key in the place of whoever pushes and pulls; nobody else may.
resource "google_kms_crypto_key_iam_binding" "this" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = ["serviceAccount:service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"]
}

resource "google_artifact_registry_repository" "this" {
  for_each = local.ids

  location      = var.context.region
  repository_id = each.value
  description   = "Images of ${each.key}"
  format        = "DOCKER"
  kms_key_name  = google_kms_crypto_key.this.id
  labels        = module.contract.tags

  docker_config {
    immutable_tags = true
  }

  # What the project says: the stack bootstrap turns Container Scanning on.
  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }

  cleanup_policy_dry_run = false

  # Google keeps what any rule keeps, so the newest stay whatever the others say.
  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = var.keep_images
    }
  }

  cleanup_policies {
    id     = "delete-the-others"
    action = "DELETE"

    condition {
      tag_state = "TAGGED"
    }
  }

  cleanup_policies {
    id     = "delete-what-lost-its-tag"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "${var.untagged_days * 86400}s" # days in seconds
    }
  }

  depends_on = [google_kms_crypto_key_iam_binding.this]

  lifecycle {
    precondition {
      condition     = length(each.value) <= 63
      error_message = "${each.value} is longer than the 63 characters that Artifact Registry takes. Shorten the repository's name ${each.key}."
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "this" {
  for_each = local.grants

  location   = var.context.region
  repository = google_artifact_registry_repository.this[each.value.name].repository_id
  role       = each.value.role
  member     = each.value.member
}
