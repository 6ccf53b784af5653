output "store_id" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket # not its id, which a plan does not know yet

  # Whoever writes into it should find it encrypted and closed already.
  depends_on = [
    aws_s3_bucket_policy.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "store_uri" {
  description = "Address of the bucket, s3://…"
  value       = "s3://${aws_s3_bucket.this.bucket}"
}

output "store_arn" {
  description = "ARN of the bucket."
  value       = local.arn

  # The name is known before the bucket is there; whoever uses it should wait all the same.
  depends_on = [aws_s3_bucket.this]
}

output "encryption_key_id" {
  description = "ARN of the bucket's KMS key; empty for purpose logs, which S3 encrypts by its own key."
  value       = local.key_arn
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region                                  = var.context.region
    "${trimsuffix(var.purpose, "s")}_store" = "s3://${aws_s3_bucket.this.bucket}"
  }
}
