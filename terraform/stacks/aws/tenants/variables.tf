variable "platform_file" {
  description = "Path of platform.yaml, which says region, accounts, clusters, teams and git host."
  type        = string
  default     = "../../../../platform.yaml"

  validation {
    condition     = fileexists(var.platform_file)
    error_message = "platform_file is not there. Give the path of platform.yaml, from the folder of the stack or absolute."
  }
}

variable "organisation" {
  description = "Short name of the organisation, at most 12 letters, digits and hyphens: it makes the names of buckets unique in the world."
  type        = string
}

variable "environment" {
  description = "Environment whose account is meant: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is unknown. Allowed are dev, staging and prod."
  }
}

variable "template_version" {
  description = "Version of the platform that is applied, vX.Y.Z; it becomes a tag where a record names none."
  type        = string
}

variable "team" {
  description = "Team whose projects are meant; a team in platform.yaml."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.team))
    error_message = "team is no name of a team. Allowed are 40 lower-case letters, digits and hyphens at most, starting with a letter."
  }
}

variable "tenants_root" {
  description = "Folder of the records, <team>/<project>/project.yaml (platform.yaml: gitops says where it lives)."
  type        = string
  default     = "../../../../argocd/tenants"
}

variable "cluster_name" {
  description = "EKS cluster of the pods; empty takes the only one of platform.yaml for aws and the environment."
  type        = string
  default     = ""
}

variable "provider_id" {
  description = "ARN of the OIDC provider of the git host (output provider_id of bootstrap)."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:*?]+:iam::[0-9]{12}:oidc-provider/[^*?]+$", var.provider_id))
    error_message = "provider_id is no ARN of an OIDC provider. Allowed is arn:aws:iam::<account>:oidc-provider/<issuer>; take it from the output provider_id of bootstrap. An account holds one for each issuer, so the projects share it."
  }
}

variable "log_store_id" {
  description = "Bucket that takes the access logs (output log_store_id of bootstrap); empty logs nothing."
  type        = string
  default     = ""
}

variable "workflow" {
  description = "The only reusable workflow whose jobs may take the CI roles, as owner/repo/.github/workflows/file.yml; empty allows any workflow of the repository."
  type        = string
  default     = ""
}

variable "repositories" {
  description = "By project: the git host's ids of owner and repository, which never change (GitHub: gh api repos/OWNER/NAME), and its default branch where it is not main."
  type = map(object({
    owner_id       = optional(string, "")
    repository_id  = optional(string, "")
    default_branch = optional(string, "main")
  }))
  default = {}
}

variable "jenkins" {
  description = "By project: issuer and job (folder/job) of the Jenkins that also builds it, and its address where the issuer is elsewhere."
  type = map(object({
    issuer = string
    job    = string
    url    = optional(string, "")
  }))
  default = {}
}

variable "monthly_budget" {
  description = "What a project may spend in a calendar month where monthly_budgets says nothing else, in US dollars."
  type        = number
  default     = 500
}

variable "monthly_budgets" {
  description = "By project: what it may spend in a calendar month, in US dollars."
  type        = map(number)
  default     = {}
}

variable "team_budgets" {
  description = "What the team and its cost center may spend in a calendar month, in US dollars, by scope: team, cost-center. It counts all environments that one bill covers."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for scope in keys(var.team_budgets) : contains(["team", "cost-center"], scope)])
    error_message = "team_budgets has an unknown scope. Allowed are team and cost-center; a project's budget stands in monthly_budgets."
  }
}

variable "budget_emails" {
  description = "Who is told about budgets besides the owner of the project or team."
  type        = set(string)
  default     = []
}

variable "data_tiers" {
  description = "After how many days data moves to cheaper classes: infrequent access, then archive. null moves nothing."
  type = object({
    infrequent_days = optional(number, 30)
    archive_days    = optional(number, 180)
  })
  default = {}
}

variable "force_destroy" {
  description = "Whether destroy also deletes images, artefacts and data. Only for what can be made again."
  type        = bool
  default     = false
}
