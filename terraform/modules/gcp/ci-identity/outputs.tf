output "build_identity" {
  description = "Address of the service account for runs on the default branch: reads, writes artefacts, pushes images."
  value       = local.emails.build

  # The addresses are known before the accounts are there; whoever uses them should wait all the same.
  depends_on = [google_service_account.this]
}

output "deploy_identity" {
  description = "Address of the service account for jobs of the environment: reads stores and images."
  value       = local.emails.deploy

  depends_on = [google_service_account.this]
}

output "read_identity" {
  description = "Address of the service account for pull requests: reads the read stores, nothing else."
  value       = local.emails.read

  depends_on = [google_service_account.this]
}

output "provider_id" {
  description = "Name of the git host's provider, made here or given; a run asks for its token with it as audience."
  value       = local.provider_id
}

output "trust_policies" {
  description = "Who may take each account, as JSON, by role: build, deploy, read. Tests and audits read them."
  value = {
    for role, members in local.members : role => jsonencode({ bindings = [{ role = "roles/iam.workloadIdentityUser", members = members }] })
  }
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region          = var.context.region
    build_identity  = local.emails.build
    deploy_identity = local.emails.deploy
    read_identity   = local.emails.read
  }
}
