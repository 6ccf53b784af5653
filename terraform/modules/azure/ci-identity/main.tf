# Three identities for the pipelines of one repository in one environment: build (default branch), deploy
# (the environment's jobs) and read (pull requests). Nobody gets a key: a run shows a token that its CI system
# signed, and Entra ID gives one of its own for it. Each credential names issuer, audience and one subject
# exactly; Entra compares nothing else, and knows no wildcards.

module "contract" {
  source  = "../../contract"
  context = var.context
  git     = var.git
  jenkins = var.jenkins
}

locals {
  tags     = module.contract.tags
  audience = "api://AzureADTokenExchange"

  resource_group = var.resource_group_name != "" ? var.resource_group_name : azurerm_resource_group.this["this"].name

  # A Server signs for itself, GHE.com signs for each tenant.
  issuer = (
    var.git.host == "github.com" ? "https://token.actions.githubusercontent.com" :
    endswith(var.git.host, ".ghe.com") ? "https://token.actions.${var.git.host}" :
    "https://${var.git.host}/_services/token"
  )
  # Azure needs no provider beside the credentials, so what others call a provider is the issuer. GitHub gives an
  # enterprise an issuer of its own, below the common one.
  provider_id = var.provider_id != "" ? var.provider_id : local.issuer

  # Entra reads sub alone. With `workflow` the repository must put job_workflow_ref into sub, behind what GitHub
  # puts there anyway (gh api: include_claim_keys = repo, context, job_workflow_ref).
  suffix = var.workflow == "" ? "" : ":job_workflow_ref:${var.workflow}"

  # Jenkins' tokens name the job and nothing of pull requests, so it never gets the read identity.
  jenkins_subjects = {
    build  = try(module.contract.jenkins.subjects, [])
    deploy = try(module.contract.jenkins.subjects, [])
    read   = []
  }

  # Role => name => credential; by name, so that Jenkins beside GitHub moves nothing.
  trusted = {
    for role, subjects in module.contract.subjects : role => merge(
      { for index, subject in subjects : "git-${["names", "numbers"][index]}" => { issuer = local.provider_id, subject = "${subject}${local.suffix}" } },
      { for index, subject in local.jenkins_subjects[role] : "jenkins-${index}" => { issuer = trimsuffix(module.contract.jenkins.issuer, "/"), subject = subject } },
    )
  }
  credentials = merge([for role, credentials in local.trusted : {
    for name, credential in credentials : "${role}-${name}" => merge(credential, { role = role })
  }]...)

  # No deletes: what a build wrote is removed by life-cycle rules only. No container of that name is below a
  # store, so the second half never holds.
  never_delete = "(!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'nothing-is-deleted'))"

  # Each identity's stores and registries, by what it may do with them.
  reads  = { build = var.read_stores, deploy = setunion(var.read_stores, var.write_stores), read = var.read_stores }
  writes = { build = var.write_stores, deploy = [], read = [] }
  pushes = { build = var.push_repositories, deploy = [], read = [] }
  pulls  = { build = [], deploy = var.push_repositories, read = [] } # who pushes pulls, too

  grants = merge([for role in ["build", "deploy", "read"] : merge(
    { for scope in local.reads[role] : "${role} reads ${scope}" => { identity = role, scope = scope, role = "Storage Blob Data Reader", condition = null } },
    { for scope in local.writes[role] : "${role} writes ${scope}" => { identity = role, scope = scope, role = "Storage Blob Data Contributor", condition = local.never_delete } },
    { for scope in local.pushes[role] : "${role} pushes ${scope}" => { identity = role, scope = scope, role = "AcrPush", condition = null } },
    { for scope in local.pulls[role] : "${role} pulls ${scope}" => { identity = role, scope = scope, role = "AcrPull", condition = null } },
  )]...)
}

resource "azurerm_resource_group" "this" {
  for_each = var.resource_group_name == "" ? { this = "${module.contract.names.base}-ci" } : {}

  name     = each.value
  location = var.context.region
  tags     = local.tags
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = local.trusted

  name                = "${module.contract.names.role_prefix}-${each.key}"
  resource_group_name = local.resource_group
  location            = var.context.region
  tags                = local.tags

  lifecycle {
    precondition {
      condition     = local.provider_id == local.issuer || startswith(local.provider_id, "${local.issuer}/")
      error_message = "provider_id is the issuer of another host than ${var.git.host}. Allowed are ${local.issuer} and, for an enterprise, what follows it."
    }
  }
}

# An identity takes 20 of them; the most that stand here are three.
resource "azurerm_federated_identity_credential" "this" {
  for_each = local.credentials

  name                = each.key
  resource_group_name = local.resource_group
  parent_id           = azurerm_user_assigned_identity.this[each.value.role].id
  issuer              = each.value.issuer
  audience            = [local.audience]
  subject             = each.value.subject
}

resource "azurerm_role_assignment" "this" {
  for_each = local.grants

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this[each.value.identity].principal_id
  principal_type       = "ServicePrincipal"
  condition            = each.value.condition
  condition_version    = each.value.condition == null ? null : "2.0"
  description          = "CI of ${var.context.repo}: ${each.value.identity} in ${var.context.environment}"
}
