mock_provider "azurerm" {
  override_during = plan

  mock_resource "azurerm_virtual_network" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev" }
  }
}

variables {
  context = {
    cloud            = "azure"
    organisation     = "acme"
    region           = "germanywestcentral"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-4720"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  cidr = "10.20.0.0/16"
}

run "each_zone_has_a_private_and_a_small_public_subnet" {
  command = plan

  assert {
    condition = { for name, subnet in azurerm_subnet.this : name => one(subnet.address_prefixes) } == {
      private-1 = "10.20.0.0/18", private-2 = "10.20.64.0/18", private-3 = "10.20.128.0/18"
      public-1  = "10.20.192.0/22", public-2 = "10.20.196.0/22", public-3 = "10.20.200.0/22"
    }
    error_message = "The range is shared out in another way than on AWS."
  }
  assert {
    condition     = length(output.private_subnet_ids) == 3 && length(output.public_subnet_ids) == 3
    error_message = "There is not one subnet for each zone and side."
  }
  assert {
    condition     = azurerm_virtual_network.this.tags["cost-center"] == "CC-4720"
    error_message = "The network lacks its cost tags."
  }
}

run "nobody_comes_in_except_by_tls_and_out_goes_by_nat_only" {
  command = plan

  assert {
    condition     = length(azurerm_network_security_group.this["private"].security_rule) == 0
    error_message = "Private subnets are reached from outside."
  }
  assert {
    condition     = [for rule in azurerm_network_security_group.this["public"].security_rule : rule.destination_port_range if rule.source_address_prefix == "Internet"] == ["443"]
    error_message = "The internet reaches more than TLS."
  }
  assert {
    condition     = length(azurerm_subnet_network_security_group_association.this) == 6 && alltrue([for subnet in values(azurerm_subnet.this) : !subnet.default_outbound_access_enabled])
    error_message = "A subnet has no rules, or a way out besides NAT."
  }
  assert {
    condition     = keys(azurerm_nat_gateway.this) == ["1"] && length(azurerm_subnet_nat_gateway_association.this) == 3
    error_message = "The one gateway does not serve all private subnets."
  }
}

run "a_gateway_for_each_zone_stands_in_its_zone" {
  command = plan

  variables {
    nat   = "per-zone"
    zones = 2
  }

  assert {
    condition     = { for zone, gateway in azurerm_nat_gateway.this : zone => one(gateway.zones) } == { "1" = "1", "2" = "2" }
    error_message = "The fall of one zone stops another."
  }
}

run "services_are_reached_from_inside_and_their_names_are_known" {
  command = plan

  assert {
    condition     = contains(keys(azurerm_private_dns_zone.this), "privatelink.azurecr.io") && keys(azurerm_private_dns_zone_virtual_network_link.this) == keys(azurerm_private_dns_zone.this)
    error_message = "A private end-point's name is not found."
  }
  assert {
    condition     = contains(azurerm_subnet.this["private-1"].service_endpoints, "Microsoft.Storage") && length(azurerm_subnet.this["public-1"].service_endpoints) == 0
    error_message = "Nodes do not reach the stores from inside, or gateways do."
  }
  assert {
    condition     = one(one(azurerm_private_endpoint.this["logs"].private_service_connection).subresource_names) == "azuremonitor"
    error_message = "Logs leave the network."
  }
}

run "all_that_flows_is_logged_for_a_year" {
  command = plan

  assert {
    condition     = azurerm_network_watcher_flow_log.this.enabled && azurerm_network_watcher_flow_log.this.target_resource_id == azurerm_virtual_network.this.id && one(azurerm_network_watcher_flow_log.this.retention_policy).days == 365
    error_message = "What flows is not logged, or not for a year."
  }
  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 365 && one(azurerm_storage_account.flow_logs.network_rules).default_action == "Deny"
    error_message = "The logs can be read from anywhere, or end too early."
  }
}

run "a_network_can_do_without_nat_and_without_end_points" {
  command = plan

  variables {
    nat               = "none"
    private_endpoints = []
  }

  assert {
    condition     = length(azurerm_nat_gateway.this) + length(azurerm_subnet_nat_gateway_association.this) + length(azurerm_private_dns_zone.this) + length(azurerm_private_endpoint.this) == 0
    error_message = "Something is made that nobody asked for."
  }
}

run "public_small_and_odd_ranges_are_refused" {
  command = plan

  variables {
    cidr              = "8.8.0.0/24"
    zones             = 1
    nat               = "many"
    private_endpoints = ["mail"]
    flow_log_days     = 1
  }

  expect_failures = [var.cidr, var.zones, var.nat, var.private_endpoints, var.flow_log_days]
}
