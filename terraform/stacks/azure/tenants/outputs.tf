output "projects" {
  description = "By project: its stores, repository and identities."
  value = {
    for name, project in module.project : name => {
      artifact_store_uri = project.artifact_store_uri
      data_store_uri     = project.data_store_uri
      repository_url     = project.repository_url
      build_identity     = project.build_identity
      deploy_identity    = project.deploy_identity
      read_identity      = project.read_identity
      workload_identity  = project.workload_identity
    }
  }
}

output "gitops_metadata" {
  description = "By project: what Argo CD needs."
  value       = { for name, project in module.project : name => project.gitops_metadata }
}

output "inputs" {
  description = "By project: what its module was given besides what the record says."
  value       = local.inputs
}

output "quota_left" {
  description = "What the team's quota leaves for further projects in this environment."
  value       = module.team.quota.left
}
