# A registry of one owner, which makes its repositories as images are pushed: encrypted by a key of its own, in
# three zones, without an admin user and without anonymous pulls. Who may pull and push stands here by object id.
# That a tag never moves cannot be said of a registry through azurerm; CI locks each image after its push
# (az acr repository update --write-enabled false), and deploys go by digest in any case.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "azurerm_client_config" "this" {}

locals {
  tags    = module.contract.tags
  name    = module.contract.names.registry_compact
  host    = "${local.name}.azurecr.io"
  private = length(var.private_subnet_ids) > 0
  # With private_subnet_ids, the subnet that gets the end-point.
  subnets = { for subnet in slice(var.private_subnet_ids, 0, local.private ? 1 : 0) : "this" => subnet }

  resource_group = var.resource_group_name != "" ? var.resource_group_name : azurerm_resource_group.this["this"].name
  # Known before it is there, so that a plan can say who gets a role on what.
  registry_id = "/subscriptions/${data.azurerm_client_config.this.subscription_id}/resourceGroups/${local.resource_group}/providers/Microsoft.ContainerRegistry/registries/${local.name}"

  repositories = { for name in var.repositories : name => "${module.contract.names.registry}/${name}" }
  roles = merge(
    { for id in var.pull_identities : "${id} pulls" => { principal = id, role = "AcrPull" } },
    { for id in var.push_identities : "${id} pushes" => { principal = id, role = "AcrPush" } }, # which pulls, too
  )

  # ACR has no rule that counts images, so a task looks each night. A locked image stays.
  purge = { for name, repository in local.repositories : name => "acr purge --filter '${repository}:.*' --ago 0d --keep ${var.keep_images}" }
}

resource "azurerm_resource_group" "this" {
  for_each = var.resource_group_name == "" ? { this = "${module.contract.names.base}-images" } : {}

  name     = each.value
  location = var.context.region
  tags     = local.tags
}

module "key" {
  source = "../encryption-key"

  context             = var.context
  purpose             = "images"
  resource_group_name = local.resource_group
}

resource "azurerm_container_registry" "this" {
  #checkov:skip=CKV_AZURE_139:Closed with private_subnet_ids; without, identities with a role reach it from anywhere, as ECR
  #checkov:skip=CKV_AZURE_163:Defender for Containers scans on push where the subscription has it; CI scans before the push
  #checkov:skip=CKV_AZURE_164:Content trust does not go with a key of one's own, and Azure retires it; CI signs images with cosign
  #checkov:skip=CKV_AZURE_165:A copy in a second region is for the organisation to decide; three zones hold each image
  #checkov:skip=CKV_AZURE_166:Quarantine would hold each image until a scanner releases it; CI scans before the push
  name                          = local.name
  resource_group_name           = local.resource_group
  location                      = var.context.region
  sku                           = "Premium"
  admin_enabled                 = false
  anonymous_pull_enabled        = false
  zone_redundancy_enabled       = true
  data_endpoint_enabled         = true
  retention_policy_in_days      = var.untagged_days
  public_network_access_enabled = !local.private
  export_policy_enabled         = !local.private # Azure lets nobody forbid exports of a registry that is open
  network_rule_bypass_option    = "AzureServices"
  tags                          = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [module.key.identity_id]
  }

  encryption {
    key_vault_key_id   = module.key.key_id
    identity_client_id = module.key.identity_client_id
  }
}

# Azure deletes a registry with all images in it. This goes before the registry does, and refuses.
resource "terraform_data" "guard" {
  input            = { name = azurerm_container_registry.this.name, force_destroy = var.force_destroy }
  triggers_replace = azurerm_container_registry.this.id # to replace is to delete, too

  provisioner "local-exec" {
    when    = destroy
    command = self.input.force_destroy ? "exit 0" : "echo 'The registry ${self.input.name} would be deleted with all images in it. Apply once with force_destroy = true, then destroy.' && exit 1"
  }
}

# Where the registry is closed, its task runs in the same subnet.
resource "azurerm_container_registry_agent_pool" "this" {
  for_each = local.subnets

  name                      = "tasks"
  resource_group_name       = local.resource_group
  location                  = var.context.region
  container_registry_name   = azurerm_container_registry.this.name
  tier                      = "S1"
  instance_count            = 1
  virtual_network_subnet_id = each.value
  tags                      = local.tags
}

resource "azurerm_container_registry_task" "this" {
  for_each = local.purge

  name                  = "keep-${substr(replace(each.key, "/[^a-z0-9]/", "-"), 0, 36)}-${substr(sha256(each.key), 0, 8)}" # 50 characters at most
  container_registry_id = azurerm_container_registry.this.id
  agent_pool_name       = one(values(azurerm_container_registry_agent_pool.this)[*].name)
  tags                  = local.tags

  platform {
    os = "Linux"
  }

  encoded_step {
    task_content = base64encode(yamlencode({
      version = "v1.1.0"
      steps   = [{ cmd = each.value, disableWorkingDirectoryOverride = true, timeout = 3600 }]
    }))
  }

  timer_trigger {
    name     = "nightly"
    schedule = "0 2 * * *"
  }
}

resource "azurerm_private_endpoint" "this" {
  for_each = local.subnets

  name                = local.name
  resource_group_name = local.resource_group
  location            = var.context.region
  subnet_id           = each.value
  tags                = local.tags

  private_service_connection {
    name                           = local.name
    private_connection_resource_id = azurerm_container_registry.this.id
    subresource_names              = ["registry"]
    is_manual_connection           = false
  }

  # The zone that network made stands in the resource group of its subnets.
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = ["${regex("^/subscriptions/[^/]+/resourceGroups/[^/]+", each.value)}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"]
  }
}

resource "azurerm_role_assignment" "this" {
  for_each = local.roles

  scope                = local.registry_id
  role_definition_name = each.value.role
  principal_id         = each.value.principal

  depends_on = [azurerm_container_registry.this]
}
