output "registry_host" {
  description = "Host of the registry, to log in to."
  value       = local.host
}

output "repository_urls" {
  description = "Address of each repository's image without a tag, by its name in the variable repositories."
  value       = { for name, id in local.ids : name => "${local.host}/${local.project}/${id}/${name}" }

  # The names are known before the repositories are there; whoever uses them should wait all the same.
  depends_on = [google_artifact_registry_repository.this]
}

output "repository_ids" {
  description = "Name of each repository, projects/…/repositories/<id>, by its name in the variable repositories."
  value       = { for name, id in local.ids : name => "projects/${local.project}/locations/${var.context.region}/repositories/${id}" }

  depends_on = [google_artifact_registry_repository.this]
}

output "encryption_key_id" {
  description = "Name of the KMS key of the images, projects/…/cryptoKeys/<name>."
  value       = google_kms_crypto_key.this.id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    registry_host      = local.host
    registry_namespace = local.project
  }
}
