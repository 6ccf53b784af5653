# A network of an environment: private subnets for nodes and databases, public ones for gateways of load balancers
# only. What goes to Azure itself stays inside, through end-points; all that flows is logged.
# Azure's subnets span zones. There is one for each all the same, so that each zone can have a NAT gateway of its
# own: a NAT gateway stands in one zone and falls with it.

module "contract" {
  source  = "../../contract"
  context = var.context
}

locals {
  name  = module.contract.names.network
  tags  = module.contract.tags
  zones = slice(["1", "2", "3"], 0, var.zones)

  # A quarter for each zone's nodes and end-points; the last quarter holds the small public subnets.
  private = { for index, zone in local.zones : zone => cidrsubnet(var.cidr, 2, index) }
  public  = { for index, zone in local.zones : zone => cidrsubnet(cidrsubnet(var.cidr, 2, 3), 4, index) }
  subnets = merge(
    { for zone, cidr in local.private : "private-${zone}" => { cidr = cidr, zone = zone, side = "private" } },
    { for zone, cidr in local.public : "public-${zone}" => { cidr = cidr, zone = zone, side = "public" } },
  )

  gateways = {
    none     = toset([])
    single   = toset([local.zones[0]])
    per-zone = toset(local.zones)
  }[var.nat]

  # What the words of the interface are on Azure: a way from the subnets to the service that needs no NAT, and
  # the zones in which private end-points of stores and registries write their addresses. Entra has no private
  # end-point, Azure Monitor no service end-point.
  services = {
    identity = ["Microsoft.AzureActiveDirectory"]
    keys     = ["Microsoft.KeyVault"]
    logs     = []
    registry = ["Microsoft.ContainerRegistry"]
    storage  = ["Microsoft.Storage"]
  }
  dns = {
    identity = []
    keys     = ["privatelink.vaultcore.azure.net"]
    logs = [
      "privatelink.agentsvc.azure-automation.net", "privatelink.blob.core.windows.net", "privatelink.monitor.azure.com",
      "privatelink.ods.opinsights.azure.com", "privatelink.oms.opinsights.azure.com",
    ]
    registry = ["privatelink.azurecr.io"]
    storage  = ["privatelink.blob.core.windows.net"]
  }
  endpoints = sort(flatten([for what in var.private_endpoints : local.services[what]]))
  dns_zones = toset(flatten([for what in var.private_endpoints : local.dns[what]]))
  logs      = setintersection(var.private_endpoints, ["logs"])

  # From the internet only TLS, and that to public subnets only. The second rule is how Azure's application
  # gateways are kept alive; the third is how load balancers look after what is behind them.
  rules = {
    private = {}
    public = {
      tls     = { priority = 100, source = "Internet", ports = "443" }
      gateway = { priority = 110, source = "GatewayManager", ports = "65200-65535" }
      probes  = { priority = 120, source = "AzureLoadBalancer", ports = "*" }
    }
  }
}

resource "azurerm_resource_group" "this" {
  name     = "${local.name}-network"
  location = var.context.region
  tags     = local.tags
}

resource "azurerm_virtual_network" "this" {
  #checkov:skip=CKV_AZURE_182:Azure's own resolver answers from every zone, and knows the private end-points
  #checkov:skip=CKV_AZURE_183:Azure's own resolver answers from every zone, and knows the private end-points
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  address_space       = [var.cidr]
  tags                = local.tags
}

resource "azurerm_subnet" "this" {
  for_each = local.subnets

  name                              = "${local.name}-${each.key}"
  resource_group_name               = azurerm_resource_group.this.name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [each.value.cidr]
  default_outbound_access_enabled   = false # what goes out goes by NAT, from addresses that are known
  private_endpoint_network_policies = "Enabled"
  service_endpoints                 = each.value.side == "private" ? local.endpoints : []
}

resource "azurerm_network_security_group" "this" {
  for_each = local.rules

  name                = "${local.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  tags                = local.tags

  dynamic "security_rule" {
    for_each = each.value

    content {
      name                       = security_rule.key
      priority                   = security_rule.value.priority
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_address_prefix      = security_rule.value.source
      source_port_range          = "*"
      destination_address_prefix = "*"
      destination_port_range     = security_rule.value.ports
    }
  }

  # Azure's own last rules let the network speak with itself and refuse the internet.
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = local.subnets

  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = azurerm_network_security_group.this[each.value.side].id
}

resource "azurerm_public_ip" "nat" {
  for_each = local.gateways

  name                = "${local.name}-nat-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  sku                 = "Standard"
  allocation_method   = "Static"
  zones               = [each.key]
  tags                = local.tags
}

resource "azurerm_nat_gateway" "this" {
  for_each = local.gateways

  name                = "${local.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  sku_name            = "Standard"
  zones               = [each.key]
  tags                = local.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  for_each = local.gateways

  nat_gateway_id       = azurerm_nat_gateway.this[each.key].id
  public_ip_address_id = azurerm_public_ip.nat[each.key].id
}

resource "azurerm_subnet_nat_gateway_association" "this" {
  for_each = var.nat == "none" ? {} : local.private

  subnet_id      = azurerm_subnet.this["private-${each.key}"].id
  nat_gateway_id = azurerm_nat_gateway.this[contains(local.gateways, each.key) ? each.key : local.zones[0]].id
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.dns_zones

  name                = each.value
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = local.dns_zones

  name                  = local.name
  resource_group_name   = azurerm_resource_group.this.name
  private_dns_zone_name = azurerm_private_dns_zone.this[each.value].name
  virtual_network_id    = azurerm_virtual_network.this.id
  tags                  = local.tags
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "${module.contract.names.role_prefix}-network"
  resource_group_name          = azurerm_resource_group.this.name
  location                     = var.context.region
  sku                          = "PerGB2018"
  retention_in_days            = var.flow_log_days
  local_authentication_enabled = false
  tags                         = local.tags
}

# Azure Monitor has one end-point for a network, and lists the workspaces behind it.
resource "azurerm_monitor_private_link_scope" "this" {
  for_each = local.logs

  name                  = local.name
  resource_group_name   = azurerm_resource_group.this.name
  ingestion_access_mode = "Open" # PrivateOnly would cut the network off from every workspace that is not listed
  query_access_mode     = "Open"
  tags                  = local.tags
}

resource "azurerm_monitor_private_link_scoped_service" "this" {
  for_each = local.logs

  name                = "flow-logs"
  resource_group_name = azurerm_resource_group.this.name
  scope_name          = azurerm_monitor_private_link_scope.this[each.value].name
  linked_resource_id  = azurerm_log_analytics_workspace.this.id
}

resource "azurerm_private_endpoint" "this" {
  for_each = local.logs

  name                = "${local.name}-${each.value}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  subnet_id           = azurerm_subnet.this["private-${local.zones[0]}"].id
  tags                = local.tags

  private_service_connection {
    name                           = each.value
    private_connection_resource_id = azurerm_monitor_private_link_scope.this[each.value].id
    subresource_names              = ["azuremonitor"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [for zone in sort(local.dns.logs) : azurerm_private_dns_zone.this[zone].id]
  }
}

# Flow logs go to a store first, from which the workspace gets its summaries.
resource "azurerm_storage_account" "flow_logs" {
  #checkov:skip=CKV_AZURE_33:Nothing writes to queues here, so there are no requests to log
  #checkov:skip=CKV_AZURE_59:The network watcher writes as a service of Azure's, past the rule that refuses everybody
  #checkov:skip=CKV_AZURE_206:Three zones hold each log; a second region is for the organisation to decide
  #checkov:skip=CKV2_AZURE_1:As S3 does with the log bucket, Azure encrypts it by a key of its own
  #checkov:skip=CKV2_AZURE_33:Nobody reads it from inside the network; the workspace is where one looks
  #checkov:skip=CKV2_AZURE_40:The network watcher writes by the account's keys
  name                             = "${module.contract.names.storage_account}network"
  resource_group_name              = azurerm_resource_group.this.name
  location                         = var.context.region
  account_kind                     = "StorageV2"
  account_tier                     = "Standard"
  account_replication_type         = "ZRS"
  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  allow_nested_items_to_be_public  = false
  shared_access_key_enabled        = true
  local_user_enabled               = false
  cross_tenant_replication_enabled = false
  tags                             = local.tags

  infrastructure_encryption_enabled = true

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }

  blob_properties {
    delete_retention_policy {
      days = 7
    }
  }

  sas_policy {
    expiration_period = "00.01:00:00"
    expiration_action = "Log"
  }
}

# Azure makes one watcher for each region, in this group and under this name, when the first network comes.
resource "azurerm_network_watcher_flow_log" "this" {
  name                 = local.name
  network_watcher_name = "NetworkWatcher_${var.context.region}"
  resource_group_name  = "NetworkWatcherRG"
  location             = var.context.region
  target_resource_id   = azurerm_virtual_network.this.id
  storage_account_id   = azurerm_storage_account.flow_logs.id
  enabled              = true
  version              = 2
  tags                 = local.tags

  retention_policy {
    enabled = true
    days    = var.flow_log_days
  }

  traffic_analytics {
    enabled               = true
    workspace_id          = azurerm_log_analytics_workspace.this.workspace_id
    workspace_resource_id = azurerm_log_analytics_workspace.this.id
    workspace_region      = var.context.region
    interval_in_minutes   = 10
  }
}
