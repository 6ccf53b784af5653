variable "context" {
  description = "Who owns this and who pays for it; names and tags are derived from it."
  type = object({
    cloud            = string
    organisation     = string
    region           = string
    environment      = string
    team             = string
    project          = string
    cost_center      = string
    data_class       = string
    repo             = string
    template_version = string
  })
}

variable "git" {
  description = "The repository of the project. The ids never change: with them a renamed or recreated repository is told apart."
  type = object({
    host           = string
    owner          = string
    repository     = string
    owner_id       = optional(string, "")
    repository_id  = optional(string, "")
    default_branch = optional(string, "main")
  })
}

variable "jenkins" {
  description = "Issuer and job (folder/job) of the Jenkins that also builds this repository, and its address where the issuer is elsewhere; null when there is none."
  type = object({
    issuer = string
    job    = string
    url    = optional(string, "")
  })
  default = null
}

variable "provider_id" {
  description = "ARN of the OIDC provider of the git host in this account (output provider_id of the stack bootstrap). Empty makes one; an account holds one for each issuer only."
  type        = string
  default     = ""
}

variable "cluster_name" {
  description = "EKS cluster in which the project's pods run."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", var.cluster_name))
    error_message = "cluster_name is no name of an EKS cluster. Allowed are letters, digits, hyphens and underscores, 100 at most; take it from the output cluster_name of cluster."
  }
}

variable "monthly_budget" {
  description = "What the project may spend in a calendar month, in US dollars (AWS bills in them)."
  type        = number

  validation {
    condition     = var.monthly_budget > 0
    error_message = "monthly_budget must be more than 0 US dollars: a budget of nothing alarms at once."
  }
}

variable "budget_emails" {
  description = "Who is told about the budget, 1 to 10 addresses."
  type        = set(string)

  validation {
    condition     = length(var.budget_emails) >= 1 && length(var.budget_emails) <= 10
    error_message = "budget_emails holds none or too many addresses. AWS takes 1 to 10 for one alert; use a mailing list for more."
  }
}

variable "data_tiers" {
  description = "After how many days data moves to cheaper classes: infrequent access, then archive (read at once, paid by the read). null moves nothing."
  type = object({
    infrequent_days = optional(number, 30)
    archive_days    = optional(number, 180)
  })
  default = null
}

variable "log_store_id" {
  description = "Bucket that takes the access logs (output store_id of a store with purpose logs); empty logs nothing."
  type        = string
  default     = ""
}

variable "workflow" {
  description = "The only reusable workflow whose jobs may take the CI roles, as owner/repo/.github/workflows/file.yml; empty allows any workflow of the repository."
  type        = string
  default     = ""
}

variable "force_destroy" {
  description = "Whether destroy also deletes images, artefacts and data. Only for what can be made again."
  type        = bool
  default     = false
}
