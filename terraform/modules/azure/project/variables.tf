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
  description = "Issuer and job of the Jenkins that also builds this repository; null when there is none."
  type = object({
    issuer = string
    job    = string
    url    = optional(string, "")
  })
  default = null
}

variable "provider_id" {
  description = "Issuer of the git host's tokens (output provider_id of the stack bootstrap), where an enterprise has one of its own; empty takes that of git.host."
  type        = string
  default     = ""
}

variable "cluster_name" {
  description = "AKS cluster in which the project's pods run; its resource group bears the same name."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z]([0-9A-Za-z_-]{0,61}[0-9A-Za-z])?$", var.cluster_name))
    error_message = "cluster_name is no name of an AKS cluster. Allowed are letters, digits, hyphens and underscores, 63 at most; take it from the output cluster_name of cluster."
  }
}

variable "monthly_budget" {
  description = "What the project may spend in a calendar month, in the currency in which the subscription is billed."
  type        = number

  validation {
    condition     = var.monthly_budget > 0
    error_message = "monthly_budget must be more than 0: a budget of nothing alarms at once."
  }
}

variable "budget_emails" {
  description = "Who is told about the budget, 1 to 10 addresses."
  type        = set(string)

  validation {
    condition     = length(var.budget_emails) >= 1 && length(var.budget_emails) <= 10
    error_message = "budget_emails holds none or too many addresses. Allowed are 1 to 10, which every cloud takes; use a mailing list for more."
  }
}

variable "data_tiers" {
  description = "After how many days data moves to cheaper tiers: infrequent access (cool), then archive (cold: read at once, paid by the read). null moves nothing."
  type = object({
    infrequent_days = optional(number, 30)
    archive_days    = optional(number, 180)
  })
  default = null
}

variable "log_store_id" {
  description = "What takes the access logs: the id of a storage account (output store_id of a store with purpose logs) or of a Log Analytics workspace; empty logs nothing."
  type        = string
  default     = ""
}

variable "workflow" {
  description = "The only reusable workflow whose jobs may take the CI identities, as owner/repo/.github/workflows/file.yml@ref; empty allows any workflow of the repository."
  type        = string
  default     = ""
}

variable "force_destroy" {
  description = "Whether destroy also deletes images, artefacts and data. Only for what can be made again."
  type        = bool
  default     = false
}

variable "private_subnet_ids" {
  description = "Private subnets that reach stores and registry (output private_subnet_ids of network); all other ways in are closed, also for CI that runs elsewhere. Empty leaves it to roles alone. Azure only: on AWS the network has the end-points."
  type        = list(string)
  default     = []
}
