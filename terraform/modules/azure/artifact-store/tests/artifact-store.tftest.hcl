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

  purpose           = "data"
  tiers             = { archive_days = 90 }
  object_lock_days  = 30
  log_store_id      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-logs/providers/Microsoft.Storage/storageAccounts/acmelogs"
  reader_identities = ["00000000-0000-0000-0000-00000000000a"]
  writer_identities = ["00000000-0000-0000-0000-00000000000b"]
}

run "a_store_takes_no_plain_http_no_account_keys_and_no_anonymous_reader" {
  command = plan

  assert {
    condition     = azurerm_storage_account.this.https_traffic_only_enabled && azurerm_storage_account.this.min_tls_version == "TLS1_2"
    error_message = "The store takes plain HTTP or old TLS."
  }
  assert {
    condition     = !azurerm_storage_account.this.shared_access_key_enabled && !azurerm_storage_account.this.allow_nested_items_to_be_public && !azurerm_storage_account.this.local_user_enabled && azurerm_storage_container.this.container_access_type == "private"
    error_message = "Someone without a role gets in."
  }
  assert {
    condition     = one(azurerm_storage_account.this.customer_managed_key).key_vault_key_id == "https://vault.vault.azure.net/keys/key" && azurerm_storage_account.this.infrastructure_encryption_enabled
    error_message = "The store is not encrypted by a key of its own, or follows one version of it only."
  }
  assert {
    condition     = can(regex("^acme[a-z0-9]{11}data$", azurerm_storage_account.this.name)) && azurerm_storage_account.this.tags["cost-center"] == "CC-4720"
    error_message = "The account has another name than the contract's, or lacks its cost tags."
  }
}

run "a_store_keeps_versions_moves_old_data_and_says_who_reads" {
  command = plan

  assert {
    condition     = one(azurerm_storage_account.this.blob_properties).versioning_enabled && one(one(azurerm_storage_account.this.blob_properties).delete_retention_policy).days == 90
    error_message = "What was overwritten or deleted is gone."
  }
  assert {
    condition     = one(azurerm_storage_account.this.immutability_policy).period_since_creation_in_days == 30 && one(azurerm_storage_account.this.immutability_policy).state == "Unlocked"
    error_message = "Versions can be deleted within 30 days, or even by nobody."
  }
  assert {
    condition     = one(one(azurerm_storage_management_policy.this.rule[0].actions).base_blob).tier_to_cool_after_days_since_modification_greater_than == 30 && one(one(azurerm_storage_management_policy.this.rule[0].actions).base_blob).tier_to_cold_after_days_since_modification_greater_than == 90
    error_message = "Old data does not move to cheaper tiers."
  }
  assert {
    condition     = toset([for log in azurerm_monitor_diagnostic_setting.this["this"].enabled_log : log.category]) == toset(["StorageDelete", "StorageRead", "StorageWrite"])
    error_message = "It is not known who read, wrote or deleted."
  }
}

run "identities_get_a_role_on_the_container_and_nobody_deletes" {
  command = plan

  assert {
    condition     = alltrue([for role in values(azurerm_role_assignment.this) : role.scope == output.store_arn]) && endswith(output.store_arn, "data/blobServices/default/containers/data")
    error_message = "A role reaches further than the container."
  }
  assert {
    condition = { for name, role in azurerm_role_assignment.this : role.role_definition_name => name } == {
      "Storage Blob Data Reader"      = "00000000-0000-0000-0000-00000000000a reads"
      "Storage Blob Data Contributor" = "00000000-0000-0000-0000-00000000000b writes"
    }
    error_message = "Others read or write than were named."
  }
  assert {
    condition     = strcontains(azurerm_role_assignment.this["00000000-0000-0000-0000-00000000000b writes"].condition, "blobs/delete") && azurerm_role_assignment.this["00000000-0000-0000-0000-00000000000b writes"].condition_version == "2.0"
    error_message = "A writer may delete."
  }
  assert {
    condition     = !terraform_data.guard.input.force_destroy
    error_message = "Destroy deletes what lies in the store without being asked to."
  }
}

run "a_store_with_subnets_is_closed_for_everybody_else" {
  command = plan

  variables {
    private_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme-network/providers/Microsoft.Network/virtualNetworks/acme/subnets/acme-private-1"]
  }

  assert {
    condition     = !azurerm_storage_account.this.public_network_access_enabled && one(azurerm_storage_account.this.network_rules).default_action == "Deny"
    error_message = "The store is reached past its private end-point."
  }
  assert {
    condition     = one(one(values(azurerm_private_endpoint.this)[*].private_dns_zone_group)[0].private_dns_zone_ids) == "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme-network/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
    error_message = "The end-point's name stands in another zone than the network's."
  }
}

run "a_log_store_cannot_log_to_itself" {
  command = plan

  variables {
    purpose = "logs"
  }

  expect_failures = [azurerm_storage_account.this]
}

run "an_unknown_purpose_early_tiers_and_odd_ids_are_refused" {
  command = plan

  variables {
    resource_group_name = "rg/other"
    purpose             = "models"
    tiers               = { infrequent_days = 10 }
    log_store_id        = "acmelogs"
    reader_identities   = ["*"]
    writer_identities   = ["someone@example.com"]
    object_lock_days    = -1
    private_subnet_ids  = ["subnet-0a"]
  }

  expect_failures = [
    var.resource_group_name, var.purpose, var.tiers, var.log_store_id, var.reader_identities, var.writer_identities, var.object_lock_days, var.private_subnet_ids,
  ]
}
