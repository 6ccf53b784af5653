output "cluster_name" {
  description = "Name of the cluster."
  value       = google_container_cluster.this.name
}

output "endpoint" {
  description = "Address of the API."
  value       = "https://${google_container_cluster.this.endpoint}"
}

output "certificate_authority" {
  description = "Certificate that the API proves itself with, PEM in base64."
  value       = one(google_container_cluster.this.master_auth[*].cluster_ca_certificate)
  sensitive   = true
}

output "oidc_issuer" {
  description = "Issuer of the tokens of the cluster's service accounts."
  value       = "https://container.googleapis.com/v1/projects/${local.project}/locations/${var.context.region}/clusters/${google_container_cluster.this.name}"
}

output "node_identity" {
  description = "Address of the service account of nodes, for further pools."
  value       = local.email

  # The address is known before the account is there; whoever uses it should wait all the same.
  depends_on = [google_project_iam_member.nodes]
}

output "encryption_key_id" {
  description = "Name of the key of secrets, logs and disks, projects/…/cryptoKeys/<name>."
  value       = google_kms_crypto_key.this.id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    cluster_name       = google_container_cluster.this.name
    cluster_endpoint   = "https://${google_container_cluster.this.endpoint}"
    kubernetes_version = var.kubernetes_version
    network_id         = var.network_id
    node_identity      = local.email
  }
}
