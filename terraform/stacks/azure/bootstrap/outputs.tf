output "backend_config" {
  description = "What `terraform init` of every stack needs besides `key`."
  value       = local.backend_config
}

output "backend_file" {
  description = "The same as the text of a file for `terraform init -backend-config=FILE`."
  value       = join("", [for name, value in local.backend_config : "${name} = ${value == "true" ? value : jsonencode(value)}\n"])
}

output "log_store_id" {
  description = "Storage account that the stores of this environment log to."
  value       = module.log_store.store_id
}

output "provider_id" {
  description = "Issuer of the git host's tokens, for the stack tenants."
  value       = local.git_issuer
}
