output "network_id" {
  description = "Id of the network."
  value       = azurerm_virtual_network.this.id
}

output "private_subnet_ids" {
  description = "Private subnets, one for each zone, for nodes and databases."
  value       = [for zone in local.zones : azurerm_subnet.this["private-${zone}"].id]

  # Nodes that start before they find a way out never join.
  depends_on = [azurerm_subnet_nat_gateway_association.this, azurerm_nat_gateway_public_ip_association.this, azurerm_subnet_network_security_group_association.this]
}

output "public_subnet_ids" {
  description = "Public subnets, one for each zone, for load balancers."
  value       = [for zone in local.zones : azurerm_subnet.this["public-${zone}"].id]
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region             = var.context.region
    network_id         = azurerm_virtual_network.this.id
    network_cidr       = var.cidr
    private_subnet_ids = join(",", [for zone in local.zones : azurerm_subnet.this["private-${zone}"].id])
  }
}
