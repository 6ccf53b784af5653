mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "acme-vision-lane-detection-dev-data"
      arn = "arn:aws:s3:::acme-vision-lane-detection-dev-data"
    }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      key_id = "11111111-2222-3333-4444-555555555555"
      arn    = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
}

variables {
  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
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
  reader_identities = ["arn:aws:iam::123456789012:role/reader"]
  writer_identities = ["arn:aws:iam::123456789012:role/writer"]
}

run "a_store_refuses_plain_http_and_other_encryption" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid => statement.Condition
      if statement.Effect == "Deny" && statement.Principal == { AWS = "*" }
      } == {
      RefusePlainHttp = { Bool = { "aws:SecureTransport" = "false" } }
      RefuseOldTls    = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      RefuseOtherEncryption = {
        Null            = { "s3:x-amz-server-side-encryption" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
      }
      RefuseOtherKeys = {
        Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
      }
    }
    error_message = "The bucket takes plain HTTP, old TLS, another encryption or another key."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid => statement.Principal.AWS
      if statement.Effect == "Allow"
      } == {
      List  = ["arn:aws:iam::123456789012:role/reader", "arn:aws:iam::123456789012:role/writer"]
      Read  = ["arn:aws:iam::123456789012:role/reader", "arn:aws:iam::123456789012:role/writer"]
      Write = ["arn:aws:iam::123456789012:role/writer"]
    }
    error_message = "Others than the given readers and writers were let in."
  }
  assert {
    condition = alltrue([
      aws_kms_key.this["this"].enable_key_rotation,
      aws_kms_key.this["this"].deletion_window_in_days == 30,
      one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled,
      one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms",
    ])
    error_message = "The bucket is not encrypted by a key of its own that rotates and can be called back for a month."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
      one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "The bucket can be made public, or objects can have other owners."
  }
  assert {
    condition = alltrue([
      one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled",
      aws_s3_bucket.this.object_lock_enabled,
      one(one(aws_s3_bucket_object_lock_configuration.this["this"].rule).default_retention).days == 30,
      aws_s3_bucket_logging.this["this"].target_bucket == "acme-platform-dev-logs",
    ])
    error_message = "Versions, object lock or access logs are off."
  }
  assert {
    condition = alltrue([
      { for each in one(aws_s3_bucket_lifecycle_configuration.this.rule).transition : each.storage_class => each.days } == { STANDARD_IA = 30, GLACIER_IR = 90 },
      one(one(aws_s3_bucket_lifecycle_configuration.this.rule).abort_incomplete_multipart_upload).days_after_initiation == 7,
    ])
    error_message = "Old data does not move to cheaper classes, or broken uploads stay for ever."
  }
  assert {
    condition     = aws_s3_bucket.this.tags["cost-center"] == "CC-4720" && aws_s3_bucket.this.bucket == "acme-vision-lane-detection-dev-data"
    error_message = "The bucket lacks its tags or its name."
  }
}

run "a_log_store_takes_the_logs_of_its_own_account_only" {
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
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [statement.Principal, statement.Condition]
      if statement.Effect == "Allow"
    ] == [[{ Service = "logging.s3.amazonaws.com" }, { StringEquals = { "aws:SourceAccount" = "123456789012" } }]]
    error_message = "The log store takes logs of other accounts."
  }
  assert {
    condition     = length(aws_kms_key.this) == 0 && output.encryption_key_id == "" && one(one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration).days == 365
    error_message = "S3 cannot deliver into a log store with a KMS key, and logs go after a year."
  }
}

run "a_state_store_is_read_by_nobody_but_its_writers" {
  command = plan

  variables {
    purpose           = "state"
    tiers             = null
    reader_identities = []
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Condition.ArnNotEquals["aws:PrincipalArn"]
      if statement.Sid == "RefuseOthers"
    ] == [["arn:aws:iam::123456789012:role/writer", "arn:aws:iam::123456789012:root"]]
    error_message = "Others than the writers can read the state."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Resource
      if statement.Effect == "Allow" && contains(flatten([statement.Action]), "s3:DeleteObject")
    ] == ["arn:aws:s3:::acme-vision-lane-detection-dev-state/*.tflock"]
    error_message = "Locks cannot be taken away, or more than locks can be."
  }
}

run "a_wildcard_reader_and_an_unknown_purpose_are_refused" {
  command = plan

  variables {
    purpose           = "models"
    tiers             = { infrequent_days = 10 }
    reader_identities = ["*"]
  }

  expect_failures = [var.purpose, var.tiers, var.reader_identities]
}
