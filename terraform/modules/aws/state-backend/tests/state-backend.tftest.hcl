mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      key_id = "11111111-2222-3333-4444-555555555555"
      arn    = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "acme-platform-platform-dev-state"
      arn = "arn:aws:s3:::acme-platform-platform-dev-state"
    }
  }
}

variables {
  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-4700"
    data_class       = "confidential"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  admin_identities = ["arn:aws:iam::123456789012:role/platform-admin"]
  object_lock_days = 30
}

run "a_state_is_encrypted_and_locked_by_a_file" {
  command = plan

  assert {
    condition = output.backend_config == {
      bucket       = "acme-platform-platform-dev-state"
      region       = "eu-central-1"
      encrypt      = "true"
      kms_key_id   = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      use_lockfile = "true"
    }
    error_message = "The backend's configuration is not one that encrypts and locks."
  }
  assert {
    condition     = output.encryption_key_id == output.backend_config["kms_key_id"] && output.bucket == output.backend_config["bucket"]
    error_message = "The outputs name another bucket or key than the backend's configuration."
  }
}

run "a_wildcard_administrator_and_half_a_day_are_refused" {
  command = plan

  variables {
    admin_identities = ["arn:aws:iam::123456789012:role/*"]
    object_lock_days = 0.5
  }

  expect_failures = [var.admin_identities, var.object_lock_days]
}
