mock_provider "azurerm" {
  override_during = plan

  mock_data "azurerm_client_config" {
    defaults = {
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-00000000000f"
    }
  }
  mock_resource "azurerm_key_vault_key" {
    defaults = {
      id                      = "https://vault.vault.azure.net/keys/key/0123456789abcdef"
      versionless_id          = "https://vault.vault.azure.net/keys/key"
      resource_versionless_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/vault/keys/key"
    }
  }
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
      principal_id = "00000000-0000-0000-0000-0000000000aa"
      client_id    = "00000000-0000-0000-0000-0000000000bb"
    }
  }
}

variables {
  context = {
    cloud            = "azure"
    organisation     = "acme"
    region           = "germanywestcentral"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
    data_class       = "confidential"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  purpose             = "data"
  resource_group_name = "lane-detection"
  log_store_id        = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-logs/providers/Microsoft.Storage/storageAccounts/acmelogs"
}

run "a_key_lies_in_an_hsm_is_made_anew_each_year_and_cannot_be_purged" {
  command = plan

  assert {
    condition     = azurerm_key_vault.this.purge_protection_enabled && azurerm_key_vault.this.soft_delete_retention_days == 90 && azurerm_key_vault.this.rbac_authorization_enabled
    error_message = "The key can be purged, or others than Entra's roles decide who uses it."
  }
  assert {
    condition     = azurerm_key_vault_key.this.key_type == "RSA-HSM" && one(one(azurerm_key_vault_key.this.rotation_policy).automatic).time_after_creation == "P1Y"
    error_message = "The key does not lie in an HSM, or never changes."
  }
  assert {
    condition     = length(azurerm_key_vault.this.name) <= 24 && azurerm_key_vault.this.tags["cost-center"] == "CC-4720" && azurerm_key_vault_key.this.tags["project"] == "lane-detection"
    error_message = "The vault's name is too long, or its cost tags are missing."
  }
}

run "one_identity_opens_the_key_and_each_use_is_logged" {
  command = plan

  assert {
    condition     = azurerm_role_assignment.this.scope == azurerm_key_vault_key.this.resource_versionless_id && azurerm_role_assignment.this.role_definition_name == "Key Vault Crypto Service Encryption User"
    error_message = "The identity may do more than open this key."
  }
  assert {
    condition     = azurerm_monitor_diagnostic_setting.this["this"].storage_account_id == var.log_store_id && one(azurerm_monitor_diagnostic_setting.this["this"].enabled_log).category == "AuditEvent"
    error_message = "Nobody is told who used the key."
  }
}

run "a_purpose_that_makes_no_name_and_an_odd_log_store_are_refused" {
  command = plan

  variables {
    resource_group_name = "rg/other"
    purpose             = "artifact-store"
    log_store_id        = "acmelogs"
  }

  expect_failures = [var.resource_group_name, var.purpose, var.log_store_id]
}
