mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/acme-ml-dev/locations/europe-west3/keyRings/images/cryptoKeys/images" }
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

  repositories    = ["lane-detection"]
  pull_identities = ["serviceAccount:nodes@acme-ml-dev.iam.gserviceaccount.com"]
  push_identities = ["serviceAccount:build@acme-ml-dev.iam.gserviceaccount.com"]
}

run "a_tag_never_moves_and_images_are_scanned_and_encrypted" {
  command = plan

  assert {
    condition     = one(google_artifact_registry_repository.this["lane-detection"].docker_config).immutable_tags
    error_message = "A tag can be moved to another image."
  }
  assert {
    condition     = one(google_artifact_registry_repository.this["lane-detection"].vulnerability_scanning_config).enablement_config == "INHERITED"
    error_message = "Images are not scanned."
  }
  assert {
    condition = alltrue([
      google_artifact_registry_repository.this["lane-detection"].kms_key_name == google_kms_crypto_key.this.id,
      google_kms_crypto_key.this.rotation_period == "7776000s",
      join(" ", google_kms_crypto_key_iam_binding.this.members) == "serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    ])
    error_message = "The images are not encrypted by a key of their own that rotates and that nobody else may use."
  }
  assert {
    condition     = output.repository_urls["lane-detection"] == "europe-west3-docker.pkg.dev/acme-ml-dev/acme-ml-lane-detection/lane-detection" && google_artifact_registry_repository.this["lane-detection"].labels["cost-center"] == "cc-4720"
    error_message = "The repository lacks its name or its labels."
  }
}

run "only_the_given_identities_pull_and_push" {
  command = plan

  assert {
    condition = { for grant in values(google_artifact_registry_repository_iam_member.this) : "${grant.member} ${grant.role}" => grant.repository } == {
      "serviceAccount:build@acme-ml-dev.iam.gserviceaccount.com roles/artifactregistry.reader" = "acme-ml-lane-detection"
      "serviceAccount:build@acme-ml-dev.iam.gserviceaccount.com roles/artifactregistry.writer" = "acme-ml-lane-detection"
      "serviceAccount:nodes@acme-ml-dev.iam.gserviceaccount.com roles/artifactregistry.reader" = "acme-ml-lane-detection"
    }
    error_message = "Others than the given identities may pull or push."
  }
}

run "old_images_go_and_the_newest_stay" {
  command = plan

  variables {
    keep_images   = 7
    untagged_days = 3
  }

  assert {
    condition     = [for policy in google_artifact_registry_repository.this["lane-detection"].cleanup_policies : one(policy.most_recent_versions).keep_count if policy.action == "KEEP"] == [7]
    error_message = "The newest images do not stay."
  }
  assert {
    condition     = [for policy in google_artifact_registry_repository.this["lane-detection"].cleanup_policies : one(policy.condition).older_than if policy.id == "delete-what-lost-its-tag"] == ["259200s"]
    error_message = "Images without a tag do not go as was asked for."
  }
  assert {
    condition     = !google_artifact_registry_repository.this["lane-detection"].cleanup_policy_dry_run
    error_message = "The rules are only tried."
  }
}

run "everybody_and_odd_names_are_refused" {
  command = plan

  variables {
    repositories    = ["Lane Detection"]
    pull_identities = ["allUsers"]
    push_identities = ["domain:example.com"]
    keep_images     = 1
  }

  expect_failures = [var.repositories, var.pull_identities, var.push_identities, var.keep_images]
}
