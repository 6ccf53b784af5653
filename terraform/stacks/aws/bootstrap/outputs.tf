output "backend_config" {
  description = "What `terraform init` of every stack needs besides `key`."
  value       = module.state_backend.backend_config
}

output "backend_file" {
  description = "The same as the text of a file for `terraform init -backend-config=FILE`."
  value       = join("", [for name, value in module.state_backend.backend_config : "${name} = ${value == "true" ? value : jsonencode(value)}\n"])
}

output "log_store_id" {
  description = "Bucket that the stores of this environment log to."
  value       = module.log_store.store_id
}

output "provider_id" {
  description = "ARN of the OIDC provider of the git host, for the stack tenants."
  value       = aws_iam_openid_connect_provider.this["git"].arn
}
