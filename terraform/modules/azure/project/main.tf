# What one ML project gets in one environment: a registry for its images, stores for artefacts and data,
# identities for its CI, a budget, a log workspace, and an identity for its pods that reaches its own stores and
# nothing else. Nobody gets a key. All of it lies in one resource group, which is what the budget counts.

module "contract" {
  source  = "../../contract"
  context = var.context
}

resource "azurerm_resource_group" "this" {
  name     = "${module.contract.names.base}-project"
  location = var.context.region
  tags     = local.tags
}

module "artifacts" {
  source = "../artifact-store"

  context             = var.context
  purpose             = "artifacts"
  log_store_id        = var.log_store_id
  force_destroy       = var.force_destroy
  resource_group_name = azurerm_resource_group.this.name
  private_subnet_ids  = var.private_subnet_ids
}

module "data" {
  source = "../artifact-store"

  context             = var.context
  purpose             = "data"
  tiers               = var.data_tiers
  log_store_id        = var.log_store_id
  force_destroy       = var.force_destroy
  resource_group_name = azurerm_resource_group.this.name
  private_subnet_ids  = var.private_subnet_ids
}

module "registry" {
  source = "../registry"

  context             = var.context
  repositories        = [var.context.project]
  force_destroy       = var.force_destroy
  resource_group_name = azurerm_resource_group.this.name
  private_subnet_ids  = var.private_subnet_ids
}

# It also gives its identities their roles on the registry, which knows others than itself by object id only.
module "ci_identity" {
  source = "../ci-identity"

  context             = var.context
  git                 = var.git
  jenkins             = var.jenkins
  provider_id         = var.provider_id
  read_stores         = [module.data.store_arn]
  write_stores        = [module.artifacts.store_arn]
  push_repositories   = [module.registry.repository_ids[var.context.project]]
  encryption_keys     = [module.artifacts.encryption_key_id, module.data.encryption_key_id]
  workflow            = var.workflow
  resource_group_name = azurerm_resource_group.this.name
}

# A cluster's resource group bears its name.
data "azurerm_kubernetes_cluster" "this" {
  name                = var.cluster_name
  resource_group_name = var.cluster_name
}

locals {
  tags = module.contract.tags

  # The same rule as the tenants' records and the chart: the namespace is team-project-environment, and
  # the pods that train and serve run under an account named after the project.
  namespace       = module.contract.names.base
  service_account = var.context.project

  # Training writes models, batch serving writes predictions; neither can change what it learned from, and
  # neither deletes. A condition takes away from a role; its second half says when it does not.
  blobs        = "Microsoft.Storage/storageAccounts/blobServices/containers"
  never_delete = "(!(ActionMatches{'${local.blobs}/blobs/delete'}) OR (@Resource[${local.blobs}:name] StringEquals 'nothing-is-deleted'))"
  predictions  = "((!(ActionMatches{'${local.blobs}/blobs/write'}) AND !(ActionMatches{'${local.blobs}/blobs/add/action'})) OR (@Resource[${local.blobs}/blobs:path] StringLike 'predictions/*'))"
  workload_roles = {
    models = { scope = module.artifacts.store_arn, condition = local.never_delete }
    data   = { scope = module.data.store_arn, condition = "${local.never_delete} AND ${local.predictions}" }
  }

  alerts = merge(
    { for threshold in [50, 80, 100] : "actual-${threshold}" => { type = "Actual", threshold = threshold } },
    { forecast = { type = "Forecasted", threshold = 100 } },
  )
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "${module.contract.names.role_prefix}-logs"
  resource_group_name          = azurerm_resource_group.this.name
  location                     = var.context.region
  sku                          = "PerGB2018"
  retention_in_days            = 365
  local_authentication_enabled = false
  tags                         = local.tags
}

resource "azurerm_user_assigned_identity" "workload" {
  name                = "${module.contract.names.role_prefix}-workload"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.context.region
  tags                = local.tags
}

# Subject and issuer name cluster, namespace and account of the pod: no other pod gets the identity.
resource "azurerm_federated_identity_credential" "workload" {
  name                = "pods"
  resource_group_name = azurerm_resource_group.this.name
  parent_id           = azurerm_user_assigned_identity.workload.id
  issuer              = data.azurerm_kubernetes_cluster.this.oidc_issuer_url
  audience            = ["api://AzureADTokenExchange"]
  subject             = "system:serviceaccount:${local.namespace}:${local.service_account}"

  # A pod that starts before the rights are there would fail once and look broken.
  depends_on = [azurerm_role_assignment.workload]
}

resource "azurerm_role_assignment" "workload" {
  for_each = local.workload_roles

  scope                = each.value.scope
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.workload.principal_id
  principal_type       = "ServicePrincipal"
  condition            = each.value.condition
  condition_version    = "2.0"
  description          = "Pods of ${var.context.team}/${var.context.project} in ${var.context.environment}"
}

# The cluster's nodes pull for the pods; so far they could not.
resource "azurerm_role_assignment" "nodes" {
  scope                = module.registry.repository_ids[var.context.project]
  role_definition_name = "AcrPull"
  principal_id         = data.azurerm_kubernetes_cluster.this.kubelet_identity[0].object_id
  principal_type       = "ServicePrincipal"
  description          = "Nodes of ${var.cluster_name} pull for ${local.namespace}"
}

resource "azurerm_consumption_budget_resource_group" "this" {
  name              = "${module.contract.names.role_prefix}-project" # 63 characters at most
  resource_group_id = azurerm_resource_group.this.id
  amount            = var.monthly_budget
  time_grain        = "Monthly"

  # Azure takes no month that is over, so it begins with the one in which it is made.
  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00Z", plantimestamp())
  }

  dynamic "notification" {
    for_each = local.alerts

    content {
      operator       = "GreaterThan"
      threshold      = notification.value.threshold
      threshold_type = notification.value.type
      contact_emails = sort(var.budget_emails)
    }
  }

  lifecycle {
    ignore_changes = [time_period]
  }
}
