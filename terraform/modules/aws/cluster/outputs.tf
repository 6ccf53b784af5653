output "cluster_name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "endpoint" {
  description = "Address of the API."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority" {
  description = "Certificate that the API proves itself with, PEM in base64."
  value       = one(aws_eks_cluster.this.certificate_authority[*].data)
  sensitive   = true
}

output "oidc_issuer" {
  description = "Issuer of the tokens of the cluster's service accounts."
  value       = try(aws_eks_cluster.this.identity[0].oidc[0].issuer, "")
}

output "node_identity" {
  description = "ARN of the role of nodes, for further pools."
  value       = aws_iam_role.this["nodes"].arn
}

output "node_security_group_id" {
  description = "Security group that EKS puts nodes and control plane into: who is let in by it is let in for every pod."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "encryption_key_id" {
  description = "ARN of the key of secrets, logs and disks."
  value       = aws_kms_key.this.arn
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    cluster_name       = aws_eks_cluster.this.name
    cluster_endpoint   = aws_eks_cluster.this.endpoint
    kubernetes_version = var.kubernetes_version
    network_id         = var.network_id
    node_identity      = aws_iam_role.this["nodes"].arn
  }
}
