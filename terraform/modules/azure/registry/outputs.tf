output "registry_host" {
  description = "Host of the registry, to log in to."
  value       = local.host
}

output "repository_urls" {
  description = "Address of each repository without a tag, by its name in the variable repositories."
  value       = { for name, repository in local.repositories : name => "${local.host}/${repository}" }
}

output "repository_ids" {
  description = "What roles are given on, by the repository's name in the variable repositories: the id of the registry, which holds the repositories of this owner only."
  value       = { for name in var.repositories : name => local.registry_id }

  # The id is known before the registry is there; whoever uses it should wait all the same.
  depends_on = [azurerm_container_registry.this]
}

output "encryption_key_id" {
  description = "Address of the images' key in its vault, without a version."
  value       = module.key.key_id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    registry_host      = local.host
    registry_namespace = module.contract.names.registry
  }
}
