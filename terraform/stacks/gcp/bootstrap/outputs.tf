output "backend_config" {
  description = "What `terraform init` of every stack needs besides `prefix`."
  value       = { bucket = module.state_backend.store_id }
}

output "backend_file" {
  description = "The same as the text of a file for `terraform init -backend-config=FILE`."
  value       = "bucket = ${jsonencode(module.state_backend.store_id)}\n"
}

output "log_store_id" {
  description = "Bucket that the stores of this environment log to."
  value       = module.log_store.store_id
}

output "provider_id" {
  description = "Name of the git host's provider, for the stack tenants."
  value       = google_iam_workload_identity_pool_provider.this["git"].name
}
