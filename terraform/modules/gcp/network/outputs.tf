output "network_id" {
  description = "Name of the network, projects/…/global/networks/<name>."
  value       = google_compute_network.this.id
}

output "private_subnet_ids" {
  description = "The private subnet for nodes, which spans all zones: a list of one."
  value       = [google_compute_subnetwork.private.id]
}

output "public_subnet_ids" {
  description = "The subnet for the proxies of load balancers: a list of one."
  value       = [google_compute_subnetwork.public.id]
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    network_id         = google_compute_network.this.id
    network_cidr       = var.cidr
    private_subnet_ids = google_compute_subnetwork.private.id
  }
}
