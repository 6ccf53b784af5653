output "cluster_name" {
  description = "Name of the cluster, for platform.yaml: clusters."
  value       = module.cluster.cluster_name
}

output "gpus_max" {
  description = "By pool: how many GPUs there are when it is full. The teams' quotas share these."
  value       = { for name, pool in module.gpu_pool : name => pool.gpus_max }
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.cluster.gitops_metadata
}
