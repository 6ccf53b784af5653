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
  description = "Client id of the identity for runs on the default branch."
  value       = module.ci_identity.build_identity
}

output "deploy_identity" {
  description = "Client id of the identity for jobs of the environment."
  value       = module.ci_identity.deploy_identity
}

output "read_identity" {
  description = "Client id of the identity for pull requests."
  value       = module.ci_identity.read_identity
}

output "workload_identity" {
  description = "Client id of the identity of the project's pods, for the annotation of their service account."
  value       = azurerm_user_assigned_identity.workload.client_id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region            = var.context.region
    cluster_name      = var.cluster_name
    namespace         = local.namespace
    service_account   = local.service_account
    workload_identity = azurerm_user_assigned_identity.workload.client_id
    artifact_store    = module.artifacts.store_uri
    data_store        = module.data.store_uri
    repository_url    = module.registry.repository_urls[var.context.project]
    log_group         = azurerm_log_analytics_workspace.this.name
    budget_name       = azurerm_consumption_budget_resource_group.this.name
  }
}
