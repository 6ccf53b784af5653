output "bucket" {
  description = "Name of the bucket of the states."
  value       = module.store.store_id
}

output "encryption_key_id" {
  description = "ARN of the KMS key of the states."
  value       = module.store.encryption_key_id
}

output "backend_config" {
  description = "What `terraform init -backend-config=…` needs besides `key`, which each stack sets itself."
  value = {
    bucket       = module.store.store_id
    region       = var.context.region
    encrypt      = "true"
    kms_key_id   = module.store.encryption_key_id
    use_lockfile = "true" # a lock in the bucket itself; a DynamoDB table is no longer needed
  }
}
