output "pool_name" {
  description = "Name of the pool."
  value       = google_container_node_pool.this.name
}

output "instance_type" {
  description = "Type of its nodes."
  value       = local.machine
}

output "taints" {
  description = "What a pod must tolerate to land here, as Kubernetes writes it."
  value       = local.taints
}

output "labels" {
  description = "What a pod may select by."
  value       = local.labels
}

output "gpus_max" {
  description = "How many GPUs the pool has when it is full."
  value       = var.nodes.max * var.gpus_per_node
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region        = var.context.region
    cluster_name  = var.cluster_name
    pool_name     = google_container_node_pool.this.name
    gpu_type      = var.gpu_type
    gpus_max      = tostring(var.nodes.max * var.gpus_per_node)
    instance_type = local.machine
  }
}
