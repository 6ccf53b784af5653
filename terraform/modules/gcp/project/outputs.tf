output "artifact_store_uri" {
  description = "Address of the store for models and artefacts."
  value       = module.artifacts.store_uri
}

output "data_store_uri" {
  description = "Address of the store for data; pods may write below predictions/ only."
  value       = module.data.store_uri
}

output "repository_url" {
  description = "Where the images go, without a tag."
  value       = module.registry.repository_urls[var.context.project]
}

output "build_identity" {
  description = "Address of the service account for runs on the default branch."
  value       = module.ci_identity.build_identity
}

output "deploy_identity" {
  description = "Address of the service account for jobs of the environment."
  value       = module.ci_identity.deploy_identity
}

output "read_identity" {
  description = "Address of the service account for pull requests."
  value       = module.ci_identity.read_identity
}

output "workload_identity" {
  description = "Address of the service account of the project's pods, for the annotation iam.gke.io/gcp-service-account of theirs."
  value       = local.workload

  # The address is known before the account is there; whoever uses it should wait all the same.
  depends_on = [google_service_account_iam_binding.workload]
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region            = var.context.region
    cluster_name      = var.cluster_name
    namespace         = local.namespace
    service_account   = local.service_account
    workload_identity = local.workload
    artifact_store    = module.artifacts.store_uri
    data_store        = module.data.store_uri
    repository_url    = module.registry.repository_urls[var.context.project]
    log_group         = google_logging_project_bucket_config.this.bucket_id
    budget_name       = module.budget.budget_name
  }
}
