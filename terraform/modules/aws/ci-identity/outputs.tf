output "build_identity" {
  description = "ARN of the role for runs on the default branch: reads, writes artefacts, pushes images."
  value       = aws_iam_role.this["build"].arn
}

output "deploy_identity" {
  description = "ARN of the role for jobs of the environment: reads stores and images."
  value       = aws_iam_role.this["deploy"].arn
}

output "read_identity" {
  description = "ARN of the role for pull requests: reads the read stores, nothing else."
  value       = aws_iam_role.this["read"].arn
}

output "provider_id" {
  description = "ARN of the OIDC provider of the git host, made here or given."
  value       = local.provider_id
}

output "trust_policies" {
  description = "The trust policies as JSON, by role: build, deploy, read. Tests and audits read them."
  value       = local.trust_policies
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region          = var.context.region
    build_identity  = aws_iam_role.this["build"].arn
    deploy_identity = aws_iam_role.this["deploy"].arn
    read_identity   = aws_iam_role.this["read"].arn
  }
}
