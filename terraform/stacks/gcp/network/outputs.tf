output "network_id" {
  description = "Id of the network, for the stack cluster."
  value       = module.network.network_id
}

output "private_subnet_ids" {
  description = "Private subnets, for the stack cluster."
  value       = module.network.private_subnet_ids
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.network.gitops_metadata
}
