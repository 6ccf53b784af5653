output "database_endpoint" {
  description = "Host and port of the database."
  value       = aws_db_instance.this.endpoint
}

output "database_secret_id" {
  description = "ARN of the secret with the master user and password, which RDS rotates. External Secrets reads it."
  value       = one(aws_db_instance.this.master_user_secret[*].secret_arn)
}

output "artifact_store_uri" {
  description = "Address of the bucket for the artefacts of runs."
  value       = module.artifacts.store_uri
}

output "security_group_id" {
  description = "Security group of the database."
  value       = aws_security_group.this.id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module. The secret is named, not shown."
  value = {
    region                      = var.context.region
    tracking_database_endpoint  = aws_db_instance.this.endpoint
    tracking_database_name      = aws_db_instance.this.db_name
    tracking_database_secret    = one(aws_db_instance.this.master_user_secret[*].secret_arn)
    tracking_artifact_store     = module.artifacts.store_uri
    tracking_encryption_key_arn = module.artifacts.encryption_key_id
  }
}
