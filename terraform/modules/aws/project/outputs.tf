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
  description = "ARN of the role for runs on the default branch."
  value       = module.ci_identity.build_identity
}

output "deploy_identity" {
  description = "ARN of the role for jobs of the environment."
  value       = module.ci_identity.deploy_identity
}

output "read_identity" {
  description = "ARN of the role for pull requests."
  value       = module.ci_identity.read_identity
}

output "workload_identity" {
  description = "ARN of the role of the project's pods."
  value       = aws_iam_role.workload.arn
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region            = var.context.region
    cluster_name      = var.cluster_name
    namespace         = local.namespace
    service_account   = local.service_account
    workload_identity = aws_iam_role.workload.arn
    artifact_store    = module.artifacts.store_uri
    data_store        = module.data.store_uri
    repository_url    = module.registry.repository_urls[var.context.project]
    log_group         = aws_cloudwatch_log_group.this.name
    budget_name       = module.budget.budget_name
  }
}
