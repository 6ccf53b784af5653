output "registry_host" {
  description = "Host of the registry, to log in to."
  value       = "${data.aws_caller_identity.this.account_id}.dkr.ecr.${var.context.region}.${data.aws_partition.this.dns_suffix}"
}

output "repository_urls" {
  description = "Address of each repository without a tag, by its name in the variable repositories."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "repository_ids" {
  description = "ARN of each repository, by its name in the variable repositories."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}

output "encryption_key_id" {
  description = "ARN of the KMS key of the images."
  value       = aws_kms_key.this.arn
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    registry_host      = "${data.aws_caller_identity.this.account_id}.dkr.ecr.${var.context.region}.${data.aws_partition.this.dns_suffix}"
    registry_namespace = module.contract.names.registry
  }
}
