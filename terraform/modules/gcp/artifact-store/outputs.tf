output "store_id" {
  description = "Name of the bucket."
  value       = google_storage_bucket.this.name # not its id, which a plan does not know yet
}

output "store_uri" {
  description = "Address of the bucket, gs://…"
  value       = "gs://${google_storage_bucket.this.name}"
}

output "store_arn" {
  description = "Name of the bucket as IAM's conditions write it, projects/_/buckets/<name>."
  value       = "projects/_/buckets/${google_storage_bucket.this.name}"
}

output "encryption_key_id" {
  description = "Name of the bucket's KMS key, projects/…/cryptoKeys/<name>."
  value       = google_kms_crypto_key.this.id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region                                  = var.context.region
    "${trimsuffix(var.purpose, "s")}_store" = "gs://${google_storage_bucket.this.name}"
  }
}
