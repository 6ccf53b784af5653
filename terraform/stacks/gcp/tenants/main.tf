# What the projects of one team get in one environment. One state for each team: teams do not wait for
# each other, and a mistake reaches one team at most. The projects are the records that `gleis tenant add`
# wrote; onboarding one is a commit there and an apply here.

locals {
  platform = yamldecode(file(var.platform_file))
  cloud    = local.platform.clouds.gcp
  git      = local.platform.git
  team     = one([for team in local.platform.teams : team if team.name == var.team])

  # A record whose folder is of another team is none of ours; `gleis` refuses to write one.
  records = {
    for path in fileset(var.tenants_root, "${var.team}/*/project.yaml") :
    basename(dirname(path)) => yamldecode(file("${var.tenants_root}/${path}")).tenant
  }
  tenants = {
    for name, tenant in local.records : name => tenant
    if tenant.serving.cloud == "gcp" && contains(tenant.environments, var.environment)
  }

  # https://host/owner/name.git, ssh://git@host:22/owner/name; a checkout without a remote (file://…) has
  # neither host nor owner, so it counts as one of the organisation's own.
  addresses = {
    for name, tenant in local.tenants : name => try(
      regex("^(?:https|ssh)://(?:[^@/]+@)?(?P<host>[^/:]+)(?::[0-9]+)?/(?P<owner>[^/]+)/(?P<repository>[^/]+?)(?:\\.git)?/?$", tenant.source.repository),
      {
        host       = startswith(tenant.source.repository, "file://") ? local.git.host : ""
        owner      = local.git.owner
        repository = trimsuffix(basename(tenant.source.repository), ".git")
      },
    )
  }

  cluster_name = var.cluster_name != "" ? var.cluster_name : try(
    one([for cluster in local.platform.clusters : cluster.name if cluster.cloud == "gcp" && cluster.environment == var.environment]), ""
  )

  # What no record says. Kept as an output, so that a project's own repository can plan its contract
  # against what was applied with the same inputs (gleis run --stage infra-plan).
  inputs = {
    for name, tenant in local.tenants : name => {
      git = merge(local.addresses[name], {
        owner_id       = try(var.repositories[name].owner_id, "")
        repository_id  = try(var.repositories[name].repository_id, "")
        default_branch = try(var.repositories[name].default_branch, "main")
      })
      jenkins = lookup(var.jenkins, name, null)
      # A workflow is asked for by the provider, which the projects can then no longer share.
      provider_id      = var.workflow == "" ? var.provider_id : ""
      cluster_name     = local.cluster_name
      monthly_budget   = lookup(var.monthly_budgets, name, var.monthly_budget)
      budget_emails    = var.budget_emails
      data_tiers       = var.data_tiers
      log_store_id     = var.log_store_id
      workflow         = var.workflow
      force_destroy    = var.force_destroy
      template_version = var.template_version
    }
  }

  # Between two releases a record says v0.2.0-3-g1a2b3c4; a label should name a release.
  contexts = {
    for name, tenant in local.tenants : name => {
      cloud            = "gcp"
      organisation     = var.organisation
      region           = local.cloud.region
      environment      = var.environment
      team             = tenant.team
      project          = tenant.project
      cost_center      = tenant.costCenter
      data_class       = tenant.dataClass
      repo             = "${local.addresses[name].owner}/${local.addresses[name].repository}"
      template_version = try(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+", tenant.source.templateVersion), var.template_version)
    }
  }

  team_context = {
    cloud            = "gcp"
    organisation     = var.organisation
    region           = local.cloud.region
    environment      = var.environment
    team             = var.team
    project          = "platform"
    cost_center      = try(local.team.costCenter, "")
    data_class       = "internal"
    repo             = "${local.git.owner}/${local.git.repository}"
    template_version = var.template_version
  }
}

# The project stands here and not in the shell, so the wrong login reaches nothing instead of another project. The
# API of budgets wants to know whose quota a person's request uses.
provider "google" {
  project               = local.cloud.accounts[var.environment]
  region                = local.cloud.region
  billing_project       = local.cloud.accounts[var.environment]
  user_project_override = true
}

module "team" {
  source = "../../../modules/contract"

  context    = local.team_context
  team_quota = try(local.team.quota, null)
  claims     = { for name, tenant in local.tenants : name => tenant.quota }
}

# Stops a plan, and so an apply, before anything is made. Nothing depends on it: if it did, each new
# project would make all others read their Google project anew and show all their policies as unknown.
resource "terraform_data" "records" {
  input = sort(keys(local.tenants))

  lifecycle {
    precondition {
      condition     = local.team != null
      error_message = "Team ${var.team} does not stand in ${var.platform_file}. Allowed are ${join(", ", local.platform.teams[*].name)}; set `team`, or add it there."
    }
    precondition {
      condition     = length(module.team.quota.exceeded) == 0
      error_message = "The projects of ${var.team} ask for more than the team may have: ${join("; ", module.team.quota.exceeded)}. Lower the quota of a record (gleis tenant add --update), or raise the team's in platform.yaml."
    }
    precondition {
      condition     = alltrue([for name, tenant in local.tenants : tenant.team == var.team && tenant.project == name])
      error_message = "A record lies in the folder of another team or project: ${join(", ", [for name, tenant in local.tenants : name if tenant.team != var.team || tenant.project != name])}. The folder is <team>/<project>; write it with gleis tenant add."
    }
    precondition {
      condition     = alltrue([for address in values(local.addresses) : address.host == local.git.host])
      error_message = "A repository lies on another host than ${local.git.host}, whose tokens this project on Google trusts: ${join(", ", [for name, address in local.addresses : name if address.host != local.git.host])}. Allowed is https://${local.git.host}/<owner>/<name>; correct the record with gleis tenant add --update."
    }
    precondition {
      condition     = var.workflow != "" || alltrue([for address in values(local.addresses) : address.owner == local.git.owner])
      error_message = "A repository has another owner than ${local.git.owner}, and the provider of the stack bootstrap lets nobody else in: ${join(", ", [for name, address in local.addresses : name if address.owner != local.git.owner])}. Move the repository, or set `workflow`: each project then has a provider of its own."
    }
    precondition {
      condition     = length(local.tenants) == 0 || local.cluster_name != ""
      error_message = "platform.yaml names no cluster, or more than one, for gcp and ${var.environment}. Set `cluster_name` to the one that the team uses."
    }
  }
}

module "project" {
  source   = "../../../modules/gcp/project"
  for_each = local.tenants

  context        = local.contexts[each.key]
  git            = local.inputs[each.key].git
  jenkins        = local.inputs[each.key].jenkins
  provider_id    = local.inputs[each.key].provider_id
  cluster_name   = local.inputs[each.key].cluster_name
  monthly_budget = local.inputs[each.key].monthly_budget
  budget_emails  = setunion([each.value.owner], local.inputs[each.key].budget_emails)
  data_tiers     = local.inputs[each.key].data_tiers
  log_store_id   = local.inputs[each.key].log_store_id
  workflow       = local.inputs[each.key].workflow
  force_destroy  = local.inputs[each.key].force_destroy
}

# Apart from the others, which would have to wait for the projects and be silent when one of these fails.
resource "terraform_data" "namespaces" {
  input = sort(keys(local.tenants))

  lifecycle {
    precondition {
      condition     = alltrue([for name, tenant in local.tenants : module.project[name].gitops_metadata.namespace == tenant.namespaces[var.environment]])
      error_message = "The namespace of a record is not <team>-<project>-<environment>, so its pods would get no identity: ${join(", ", [for name, tenant in local.tenants : name if module.project[name].gitops_metadata.namespace != tenant.namespaces[var.environment]])}. Write the record with gleis tenant add --update."
    }
  }
}

module "team_budget" {
  source   = "../../../modules/gcp/budget"
  for_each = var.team_budgets

  context        = local.team_context
  scope          = each.key
  monthly_budget = each.value
  emails         = setunion(try([local.team.owner], []), var.budget_emails)
}
