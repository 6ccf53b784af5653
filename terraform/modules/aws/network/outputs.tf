output "network_id" {
  description = "Id of the network."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Private subnets, one for each zone, for nodes and databases."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "public_subnet_ids" {
  description = "Public subnets, one for each zone, for load balancers."
  value       = [for zone in local.zones : aws_subnet.public[zone].id]
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    network_id         = aws_vpc.this.id
    network_cidr       = var.cidr
    private_subnet_ids = join(",", [for zone in local.zones : aws_subnet.private[zone].id])
  }
}
