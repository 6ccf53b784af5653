mock_provider "azurerm" {
  override_during = plan

  mock_data "azurerm_client_config" {
    defaults = {
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-00000000000f"
    }
  }
  mock_data "azurerm_kubernetes_cluster" {
    defaults = {
      oidc_issuer_url  = "https://germanywestcentral.oic.prod-aks.azure.com/tenant/cluster/"
      kubelet_identity = [{ client_id = "c", object_id = "00000000-0000-0000-0000-0000000000cc", user_assigned_identity_id = "i" }]
    }
  }
  mock_resource "azurerm_resource_group" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg" }
  }
  mock_resource "azurerm_consumption_budget_resource_group" {
    defaults = { id = "budget" }
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

  git = {
    host          = "github.com"
    owner         = "acme"
    repository    = "lane-detection"
    owner_id      = "1001"
    repository_id = "2002"
  }

  cluster_name   = "ml-dev"
  monthly_budget = 2000
  budget_emails  = ["vision-ml@example.com"]
  data_tiers     = { archive_days = 90 }
  log_store_id   = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-logs/providers/Microsoft.Storage/storageAccounts/acmelogs"
}

run "pods_reach_the_stores_of_their_own_project_and_nothing_else" {
  command = plan

  assert {
    condition     = { for name, role in azurerm_role_assignment.workload : name => regex("[^/]+/[^/]+/[^/]+/[^/]+$", role.scope) } == { models = "blobServices/default/containers/artifacts", data = "blobServices/default/containers/data" }
    error_message = "Pods reach more than the stores of their project."
  }
  assert {
    condition     = strcontains(azurerm_role_assignment.workload["data"].condition, "StringLike 'predictions/*'") && strcontains(azurerm_role_assignment.workload["data"].condition, "blobs/write")
    error_message = "Pods can change the data that they learn from."
  }
  assert {
    condition     = alltrue([for role in values(azurerm_role_assignment.workload) : strcontains(role.condition, "blobs/delete") && role.condition_version == "2.0"])
    error_message = "Pods can delete."
  }
  assert {
    condition     = azurerm_federated_identity_credential.workload.subject == "system:serviceaccount:vision-lane-detection-dev:lane-detection" && azurerm_federated_identity_credential.workload.issuer == data.azurerm_kubernetes_cluster.this.oidc_issuer_url
    error_message = "Other pods than those of the project get the identity."
  }
}

run "a_project_gets_stores_a_registry_and_logs_that_last_a_year" {
  command = plan

  assert {
    condition     = can(regex("^wasbs://artifacts@acme[a-z0-9]+artifacts\\.blob", output.artifact_store_uri)) && can(regex("^abfss://data@acme[a-z0-9]+data\\.dfs", output.data_store_uri))
    error_message = "The project does not have its two stores."
  }
  assert {
    condition     = endswith(output.repository_url, ".azurecr.io/acme-ml/lane-detection") && azurerm_role_assignment.nodes.role_definition_name == "AcrPull" && azurerm_role_assignment.nodes.principal_id == "00000000-0000-0000-0000-0000000000cc"
    error_message = "The project does not have its own repository, or the nodes cannot pull from it."
  }
  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 365 && azurerm_log_analytics_workspace.this.name == "vision-lane-detection-dev-logs"
    error_message = "The logs are not kept for a year, or in another workspace."
  }
  assert {
    condition     = azurerm_user_assigned_identity.workload.tags["cost-center"] == "CC-4720" && azurerm_resource_group.this.tags["project"] == "lane-detection"
    error_message = "Resources lack their cost tags."
  }
}

run "the_budget_counts_the_project_and_warns_in_time" {
  command = plan

  assert {
    condition     = azurerm_consumption_budget_resource_group.this.resource_group_id == azurerm_resource_group.this.id && azurerm_consumption_budget_resource_group.this.amount == 2000
    error_message = "The budget counts something else than the project."
  }
  assert {
    condition     = length([for alert in azurerm_consumption_budget_resource_group.this.notification : alert if alert.threshold_type == "Forecasted"]) == 1 && length(azurerm_consumption_budget_resource_group.this.notification) == 4
    error_message = "Nobody is told before the money is spent."
  }
}

run "no_budget_no_address_and_an_odd_cluster_are_refused" {
  command = plan

  variables {
    monthly_budget = 0
    budget_emails  = []
    cluster_name   = "ml dev"
  }

  expect_failures = [var.monthly_budget, var.budget_emails, var.cluster_name]
}
