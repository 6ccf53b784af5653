output "cluster_name" {
  description = "Name of the cluster, and of its resource group."
  value       = azurerm_kubernetes_cluster.this.name
}

output "endpoint" {
  description = "Address of the API."
  value       = "https://${local.private ? azurerm_kubernetes_cluster.this.private_fqdn : azurerm_kubernetes_cluster.this.fqdn}"
}

output "certificate_authority" {
  description = "Certificate that the API proves itself with, PEM in base64."
  value       = try(azurerm_kubernetes_cluster.this.kube_config[0].cluster_ca_certificate, "")
  sensitive   = true
}

output "oidc_issuer" {
  description = "Issuer of the tokens of the cluster's service accounts."
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
}

output "node_identity" {
  description = "Resource id of the identity of nodes, for further pools."
  value       = azurerm_user_assigned_identity.this["nodes"].id
}

output "encryption_key_id" {
  description = "Address of the key of secrets and disks in its vault, without a version."
  value       = module.key.key_id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    cluster_name       = azurerm_kubernetes_cluster.this.name
    cluster_endpoint   = "https://${local.private ? azurerm_kubernetes_cluster.this.private_fqdn : azurerm_kubernetes_cluster.this.fqdn}"
    kubernetes_version = var.kubernetes_version
    network_id         = var.network_id
    node_identity      = azurerm_user_assigned_identity.this["nodes"].id
  }
}
