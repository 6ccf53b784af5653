# A storage account with one container for one purpose (artifacts, data, logs or state) and a key of its own. It
# keeps every version, takes no plain HTTP, no account keys and no anonymous reader, and tidies up after itself.
# Without private_subnet_ids it is reached, like a bucket of S3, from wherever an identity with a role is.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "azurerm_client_config" "this" {}

locals {
  tags    = module.contract.tags
  name    = "${module.contract.names.storage_account}${var.purpose}"
  private = length(var.private_subnet_ids) > 0

  resource_group = var.resource_group_name != "" ? var.resource_group_name : azurerm_resource_group.this["this"].name
  # Known before they are there, so that a plan can say who gets a role on what.
  account_id   = "/subscriptions/${data.azurerm_client_config.this.subscription_id}/resourceGroups/${local.resource_group}/providers/Microsoft.Storage/storageAccounts/${local.name}"
  container_id = "${local.account_id}/blobServices/default/containers/${var.purpose}"

  # Training reads through fsspec (adlfs knows abfss), MLflow knows wasbs; both speak to the blob end-point.
  uri = var.purpose == "data" ? "abfss://${var.purpose}@${local.name}.dfs.core.windows.net" : "wasbs://${var.purpose}@${local.name}.blob.core.windows.net"

  # The zones that network made stand in the resource group of its subnets.
  zones = { for subnet in slice(var.private_subnet_ids, 0, local.private ? 1 : 0) :
  subnet => "${regex("^/subscriptions/[^/]+/resourceGroups/[^/]+", subnet)}/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net" }

  # Writers read too: whoever cannot read back what was written cannot verify it. Nobody deletes: what was
  # written goes by the life-cycle rules only. No container of that name is below this one, so it never holds.
  roles = merge(
    { for id in var.reader_identities : "${id} reads" => { principal = id, role = "Storage Blob Data Reader", condition = null } },
    { for id in var.writer_identities : "${id} writes" => { principal = id, role = "Storage Blob Data Contributor", condition = local.never_delete } },
  )
  never_delete = "(!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'nothing-is-deleted'))"

  # Logs are kept for a year. So are the states that newer ones replaced, each of which is small; of
  # other stores a quarter, in which a mistake is found.
  expire_days   = var.purpose == "logs" ? 365 : null
  replaced_days = var.purpose == "state" ? 365 : 90
}

resource "azurerm_resource_group" "this" {
  for_each = var.resource_group_name == "" ? { this = "${module.contract.names.base}-${var.purpose}" } : {}

  name     = each.value
  location = var.context.region
  tags     = local.tags
}

module "key" {
  source = "../encryption-key"

  context             = var.context
  purpose             = var.purpose
  resource_group_name = local.resource_group
  log_store_id        = var.log_store_id
}

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_33:Queues are not used; who reads and writes blobs is logged by the diagnostic setting
  #checkov:skip=CKV_AZURE_35:Closed with private_subnet_ids; without, identities with a role reach it from anywhere, as a bucket of S3
  #checkov:skip=CKV_AZURE_36:Services of Azure pass in any case (bypass below); Checkov wants the rule that refuses all others, too
  #checkov:skip=CKV_AZURE_59:Closed with private_subnet_ids; no blob is public in any case
  #checkov:skip=CKV_AZURE_206:Three zones hold each blob; a copy in a second region is for the organisation to decide
  #checkov:skip=CKV2_AZURE_21:The diagnostic setting logs reads; the older way of Storage Insights wants account keys
  #checkov:skip=CKV2_AZURE_33:A private end-point is made in each subnet that private_subnet_ids names
  name                             = local.name
  resource_group_name              = local.resource_group
  location                         = var.context.region
  account_kind                     = "StorageV2"
  account_tier                     = "Standard"
  account_replication_type         = "ZRS"
  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  allow_nested_items_to_be_public  = false
  shared_access_key_enabled        = false
  local_user_enabled               = false
  default_to_oauth_authentication  = true
  cross_tenant_replication_enabled = false
  public_network_access_enabled    = !local.private
  tags                             = local.tags

  # A second layer of encryption below the key, for free.
  infrastructure_encryption_enabled = true

  identity {
    type         = "UserAssigned"
    identity_ids = [module.key.identity_id]
  }

  customer_managed_key {
    key_vault_key_id          = module.key.key_id
    user_assigned_identity_id = module.key.identity_id
  }

  network_rules {
    default_action = local.private ? "Deny" : "Allow"
    bypass         = ["AzureServices", "Logging", "Metrics"]
  }

  blob_properties {
    versioning_enabled  = true # which is why there is no hierarchical namespace: the two exclude each other
    change_feed_enabled = true

    delete_retention_policy {
      days = local.replaced_days
    }

    container_delete_retention_policy {
      days = local.replaced_days
    }
  }

  # Unlocked is what GOVERNANCE is to S3: who has a right of its own may shorten it. Locked lets nobody correct a
  # mistake, not even the subscription's owner.
  dynamic "immutability_policy" {
    for_each = var.object_lock_days > 0 ? [var.object_lock_days] : []

    content {
      state                         = "Unlocked"
      period_since_creation_in_days = immutability_policy.value
      allow_protected_append_writes = false
    }
  }

  lifecycle {
    precondition {
      condition     = var.purpose != "logs" || (var.object_lock_days == 0 && var.log_store_id == "")
      error_message = "A log store takes no object lock and no log store of its own: Azure appends to its logs for an hour, or would log its own logging without end. Leave object_lock_days and log_store_id out."
    }
  }
}

# Azure deletes an account with all that lies in it. This goes before the account does, and refuses.
resource "terraform_data" "guard" {
  input            = { name = azurerm_storage_account.this.name, force_destroy = var.force_destroy }
  triggers_replace = azurerm_storage_account.this.id # to replace is to delete, too

  provisioner "local-exec" {
    when    = destroy
    command = self.input.force_destroy ? "exit 0" : "echo 'The store ${self.input.name} would be deleted with all that lies in it. Apply once with force_destroy = true, then destroy.' && exit 1"
  }
}

resource "azurerm_storage_container" "this" {
  #checkov:skip=CKV2_AZURE_21:The diagnostic setting logs reads; the older way of Storage Insights wants account keys
  name                  = var.purpose
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "tidy-up"
    enabled = true

    filters {
      blob_types = ["blockBlob"]
    }

    actions {
      # Cold is read at once, like Glacier Instant Retrieval; archive would have to be asked for hours before.
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = try(var.tiers.infrequent_days, null)
        tier_to_cold_after_days_since_modification_greater_than = try(var.tiers.archive_days, null)
        delete_after_days_since_modification_greater_than       = local.expire_days
      }

      version {
        delete_after_days_since_creation = local.replaced_days
      }
    }
  }

  # Append blobs, of which logs are, know no tiers but can be deleted.
  dynamic "rule" {
    for_each = local.expire_days == null ? [] : [local.expire_days]

    content {
      name    = "expire-logs"
      enabled = true

      filters {
        blob_types = ["appendBlob"]
      }

      actions {
        base_blob {
          delete_after_days_since_modification_greater_than = rule.value
        }
      }
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = var.log_store_id == "" ? {} : { this = var.log_store_id }

  name                       = "access"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  storage_account_id         = strcontains(each.value, "/storageAccounts/") ? each.value : null
  log_analytics_workspace_id = strcontains(each.value, "/workspaces/") ? each.value : null

  dynamic "enabled_log" {
    for_each = toset(["StorageDelete", "StorageRead", "StorageWrite"])

    content {
      category = enabled_log.value
    }
  }
}

resource "azurerm_private_endpoint" "this" {
  for_each = local.zones

  name                = local.name
  resource_group_name = local.resource_group
  location            = var.context.region
  subnet_id           = each.key
  tags                = local.tags

  private_service_connection {
    name                           = local.name
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [each.value]
  }
}

resource "azurerm_role_assignment" "this" {
  for_each = local.roles

  scope                = local.container_id
  role_definition_name = each.value.role
  principal_id         = each.value.principal
  condition            = each.value.condition
  condition_version    = each.value.condition == null ? null : "2.0"

  depends_on = [azurerm_storage_container.this]
}
