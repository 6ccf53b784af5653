output "build_identity" {
  description = "Client id of the identity for runs on the default branch: reads, writes artefacts, pushes images."
  value       = azurerm_user_assigned_identity.this["build"].client_id
}

output "deploy_identity" {
  description = "Client id of the identity for jobs of the environment: reads stores and images."
  value       = azurerm_user_assigned_identity.this["deploy"].client_id
}

output "read_identity" {
  description = "Client id of the identity for pull requests: reads the read stores, nothing else."
  value       = azurerm_user_assigned_identity.this["read"].client_id
}

output "provider_id" {
  description = "Issuer of the git host's tokens, given or derived."
  value       = local.provider_id
}

output "trust_policies" {
  description = "Whom each identity trusts as JSON, by role: build, deploy, read. Tests and audits read them."
  value = {
    for role, credentials in local.trusted : role => jsonencode([
      for name, credential in credentials : merge(credential, { name = name, audience = local.audience })
    ])
  }
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region          = var.context.region
    build_identity  = azurerm_user_assigned_identity.this["build"].client_id
    deploy_identity = azurerm_user_assigned_identity.this["deploy"].client_id
    read_identity   = azurerm_user_assigned_identity.this["read"].client_id
  }
}
