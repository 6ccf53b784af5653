# A bucket for one purpose (artifacts, data, logs or state) with a key of its own. It keeps every version,
# takes no plain HTTP and no other encryption, is never public, and tidies up after itself.
# `logs` is encrypted by S3's own key: S3 does not deliver access logs into a bucket with a KMS key.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  name    = "${module.contract.names.bucket_prefix}-${var.purpose}"
  arn     = "arn:${data.aws_partition.this.partition}:s3:::${local.name}" # known before the bucket is, so a plan shows whole policies
  account = data.aws_caller_identity.this.account_id
  root    = "arn:${data.aws_partition.this.partition}:iam::${local.account}:root"
  tags    = merge(module.contract.tags, { Name = local.name })

  has_key = var.purpose != "logs"
  keys    = local.has_key ? { this = local.name } : {}
  key_arn = local.has_key ? aws_kms_key.this["this"].arn : ""
  crypto  = local.has_key ? "aws:kms" : "AES256"

  # Writers read too: whoever cannot read back what was written cannot verify it.
  readers = sort(setunion(var.reader_identities, var.writer_identities))
  writers = sort(var.writer_identities)

  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # Without this statement nobody could ever change the key again, and IAM could grant nothing on it.
      [{
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = local.root }
        Action    = "kms:*"
        Resource  = "*"
      }],
      [for identities in [local.readers] : {
        Sid       = "ReadThroughS3"
        Effect    = "Allow"
        Principal = { AWS = identities }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.context.region}.amazonaws.com" } }
      } if length(identities) > 0],
      [for identities in [local.writers] : {
        Sid       = "WriteThroughS3"
        Effect    = "Allow"
        Principal = { AWS = identities }
        Action    = "kms:GenerateDataKey"
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.context.region}.amazonaws.com" } }
      } if length(identities) > 0],
    )
  })

  refused = concat(
    [
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [local.arn, "${local.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "RefuseOldTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [local.arn, "${local.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      # An upload that names no encryption gets the bucket's; only one that names another is refused.
      {
        Sid       = "RefuseOtherEncryption"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:PutObject"
        Resource  = "${local.arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption" = local.crypto }
        }
      },
    ],
    [for key in local.has_key ? [local.key_arn] : [] : {
      Sid       = "RefuseOtherKeys"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "s3:PutObject"
      Resource  = "${local.arn}/*"
      Condition = {
        Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = key }
      }
    }],
    # A state holds secrets: a role that may read every bucket of the account still cannot read this one.
    [for identities in var.purpose == "state" ? [local.readers] : [] : {
      Sid       = "RefuseOthers"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
      Resource  = "${local.arn}/*"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat(identities, [local.root]) } }
    } if length(identities) > 0],
  )

  allowed = concat(
    [for identities in [local.readers] : {
      Sid       = "List"
      Effect    = "Allow"
      Principal = { AWS = identities }
      Action    = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource  = local.arn
    } if length(identities) > 0],
    [for identities in [local.readers] : {
      Sid       = "Read"
      Effect    = "Allow"
      Principal = { AWS = identities }
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = "${local.arn}/*"
    } if length(identities) > 0],
    # No s3:DeleteObject: what was written goes by the life-cycle rules only.
    [for identities in [local.writers] : {
      Sid       = "Write"
      Effect    = "Allow"
      Principal = { AWS = identities }
      Action    = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
      Resource  = "${local.arn}/*"
    } if length(identities) > 0],
    # Terraform takes its lock away by deleting it.
    [for identities in var.purpose == "state" ? [local.writers] : [] : {
      Sid       = "Unlock"
      Effect    = "Allow"
      Principal = { AWS = identities }
      Action    = "s3:DeleteObject"
      Resource  = "${local.arn}/*.tflock"
    } if length(identities) > 0],
    [for account in var.purpose == "logs" ? [local.account] : [] : {
      Sid       = "DeliverAccessLogs"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arn}/*"
      Condition = { StringEquals = { "aws:SourceAccount" = account } }
    }],
  )

  bucket_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.refused, local.allowed)
  })

  # Logs are kept for a year. So are the states that newer ones replaced, each of which is small; of
  # other stores a quarter, in which a mistake is found.
  expire_days   = var.purpose == "logs" ? { this = 365 } : {}
  replaced_days = var.purpose == "state" ? 365 : 90
  transitions = var.tiers == null ? {} : {
    STANDARD_IA = var.tiers.infrequent_days
    GLACIER_IR  = var.tiers.archive_days # instant: training reads old drives without asking first
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = "Encrypts the bucket ${each.value}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${module.contract.names.key_alias}-${var.purpose}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:A copy in a second region is for the organisation to decide; versions and object lock guard against loss here
  #checkov:skip=CKV2_AWS_62:Nothing listens: a pipeline is started by its schedule or by drift, not by an upload
  bucket              = local.name
  force_destroy       = var.force_destroy
  object_lock_enabled = var.object_lock_days > 0
  tags                = local.tags

  lifecycle {
    precondition {
      condition     = var.purpose != "logs" || (var.object_lock_days == 0 && var.log_store_id == "")
      error_message = "A log store takes no object lock and no log store of its own: S3 would deliver no logs into it, or log its own logging without end. Leave object_lock_days and log_store_id out."
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = local.has_key # one data key for many objects: a hundredth of the KMS requests

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.crypto
      kms_master_key_id = local.has_key ? local.key_arn : null
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = local.bucket_policy

  # S3 refuses two changes of one bucket at a time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = var.log_store_id == "" ? {} : { this = var.log_store_id }

  bucket        = aws_s3_bucket.this.id
  target_bucket = each.value
  target_prefix = "s3/${local.name}/"
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = var.object_lock_days > 0 ? { this = var.object_lock_days } : {}

  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      mode = "GOVERNANCE" # COMPLIANCE lets nobody correct a mistake, not even the account's owner
      days = each.value
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "tidy-up"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = local.replaced_days
    }

    dynamic "expiration" {
      for_each = local.expire_days

      content {
        days = expiration.value
      }
    }

    dynamic "transition" {
      for_each = local.transitions

      content {
        storage_class = transition.key
        days          = transition.value
      }
    }
  }

  # Rules for versions that nobody keeps would be refused.
  depends_on = [aws_s3_bucket_versioning.this]
}
