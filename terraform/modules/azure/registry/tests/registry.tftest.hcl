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

  repositories    = ["lane-detection"]
  pull_identities = ["00000000-0000-0000-0000-00000000000a"]
  push_identities = ["00000000-0000-0000-0000-00000000000b"]
}

run "a_registry_has_no_admin_no_guests_and_a_key_of_its_own" {
  command = plan

  assert {
    condition     = !azurerm_container_registry.this.admin_enabled && !azurerm_container_registry.this.anonymous_pull_enabled
    error_message = "Someone without a role pulls or pushes."
  }
  assert {
    condition     = one(azurerm_container_registry.this.encryption).key_vault_key_id == "https://vault.vault.azure.net/keys/key" && azurerm_container_registry.this.sku == "Premium" && azurerm_container_registry.this.zone_redundancy_enabled
    error_message = "The images are not encrypted by a key of their own, or lie in one zone."
  }
  assert {
    condition     = can(regex("^[a-z0-9]{5,50}$", azurerm_container_registry.this.name)) && azurerm_container_registry.this.tags["cost-center"] == "CC-4720"
    error_message = "The registry has a name that Azure does not take, or lacks its cost tags."
  }
  assert {
    condition     = output.repository_urls["lane-detection"] == "${azurerm_container_registry.this.name}.azurecr.io/acme-ml/lane-detection"
    error_message = "The repository has another address than <host>/<namespace>/<project>."
  }
}

run "who_was_named_pulls_and_pushes_and_nobody_else" {
  command = plan

  assert {
    condition = { for name, role in azurerm_role_assignment.this : name => role.role_definition_name } == {
      "00000000-0000-0000-0000-00000000000a pulls"  = "AcrPull"
      "00000000-0000-0000-0000-00000000000b pushes" = "AcrPush"
    }
    error_message = "Others pull or push than were named."
  }
  assert {
    condition     = alltrue([for role in values(azurerm_role_assignment.this) : role.scope == output.repository_ids["lane-detection"]])
    error_message = "A role reaches further than the registry."
  }
}

run "old_images_go_by_number_and_those_without_a_tag_by_age" {
  command = plan

  assert {
    condition     = azurerm_container_registry.this.retention_policy_in_days == 14
    error_message = "Images without a tag stay."
  }
  assert {
    condition     = yamldecode(base64decode(one(azurerm_container_registry_task.this["lane-detection"].encoded_step).task_content)).steps[0].cmd == "acr purge --filter 'acme-ml/lane-detection:.*' --ago 0d --keep 50"
    error_message = "The task keeps other images than the 50 newest of the repository."
  }
}

run "a_registry_with_subnets_is_closed_for_everybody_else" {
  command = plan

  variables {
    private_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme-network/providers/Microsoft.Network/virtualNetworks/acme/subnets/acme-private-1"]
  }

  assert {
    condition     = !azurerm_container_registry.this.public_network_access_enabled && !azurerm_container_registry.this.export_policy_enabled && azurerm_private_endpoint.this["this"].subnet_id == var.private_subnet_ids[0]
    error_message = "The registry is reached past its private end-point."
  }
  assert {
    condition     = azurerm_container_registry_task.this["lane-detection"].agent_pool_name == "tasks" && azurerm_container_registry_agent_pool.this["this"].virtual_network_subnet_id == var.private_subnet_ids[0]
    error_message = "The task runs where it does not reach the registry."
  }
}

run "odd_names_wildcards_and_too_few_images_are_refused" {
  command = plan

  variables {
    resource_group_name = "rg/other"
    repositories        = ["Lane Detection"]
    pull_identities     = ["*"]
    push_identities     = ["everybody"]
    keep_images         = 1
    untagged_days       = 366
    private_subnet_ids  = ["subnet-0a"]
  }

  expect_failures = [
    var.resource_group_name, var.repositories, var.pull_identities, var.push_identities, var.keep_images, var.untagged_days, var.private_subnet_ids,
  ]
}
