# A key of its own for one store, registry or cluster, in a vault of its own, and the identity through which
# Azure's services open it. Nobody holds the key itself; it is made anew each year, and what was deleted
# stays for 90 days, whoever deletes it. Only modules/azure uses this module: on AWS a key is one resource.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "azurerm_client_config" "this" {}

locals {
  tags = module.contract.tags
}

resource "azurerm_key_vault" "this" {
  #checkov:skip=CKV_AZURE_109:As with KMS the address is public and Entra's roles alone decide; the key is made by whoever applies, before any network stands
  #checkov:skip=CKV_AZURE_189:As with KMS the address is public and Entra's roles alone decide; the key is made by whoever applies, before any network stands
  #checkov:skip=CKV2_AZURE_32:Storage, registry and disks open the key as services of Azure's, which use no private end-point
  name                       = "${module.contract.names.storage_account}${var.purpose}"
  resource_group_name        = var.resource_group_name
  location                   = var.context.region
  tenant_id                  = data.azurerm_client_config.this.tenant_id
  sku_name                   = "premium" # keys in an HSM
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 90
  tags                       = local.tags
}

# Whoever applies needs the role Key Vault Crypto Officer on the subscription (stacks/README.md): given here, it
# would not be in force yet when the key is made.
resource "azurerm_key_vault_key" "this" {
  #checkov:skip=CKV_AZURE_40:An expired key would close the store for ever; a new version comes each year instead
  name         = var.purpose
  key_vault_id = azurerm_key_vault.this.id
  key_type     = "RSA-HSM"
  key_size     = 3072 # bits; BSI TR-02102-1 wants 3000 at least
  key_opts     = ["decrypt", "encrypt", "unwrapKey", "wrapKey"]
  tags         = local.tags

  rotation_policy {
    automatic {
      time_after_creation = "P1Y"
    }
  }
}

resource "azurerm_user_assigned_identity" "this" {
  name                = "${module.contract.names.role_prefix}-${var.purpose}-key"
  resource_group_name = var.resource_group_name
  location            = var.context.region
  tags                = local.tags
}

resource "azurerm_role_assignment" "this" {
  scope                = azurerm_key_vault_key.this.resource_versionless_id
  role_definition_name = "Key Vault Crypto Service Encryption User"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
  description          = "Opens what is encrypted by ${var.purpose}"
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = var.log_store_id == "" ? {} : { this = var.log_store_id }

  name                       = "audit"
  target_resource_id         = azurerm_key_vault.this.id
  storage_account_id         = strcontains(each.value, "/storageAccounts/") ? each.value : null
  log_analytics_workspace_id = strcontains(each.value, "/workspaces/") ? each.value : null

  enabled_log {
    category = "AuditEvent"
  }
}
