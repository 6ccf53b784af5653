variable "context" {
  description = "Who owns this and who pays for it; names and labels are derived from it."
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
  description = "Name of the git host's provider in a workload identity pool (output provider_id of the stack bootstrap). Empty makes a pool for this repository alone, which workflow needs."
  type        = string
  default     = ""
}

variable "cluster_name" {
  description = "GKE cluster in which the project's pods run."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.cluster_name))
    error_message = "cluster_name is no name of a GKE cluster. Allowed are lower-case letters, digits and hyphens, 40 at most, a letter first; take it from the output cluster_name of cluster."
  }
}

variable "monthly_budget" {
  description = "What the project may spend in a calendar month, in the currency of the billing account."
  type        = number

  validation {
    condition     = var.monthly_budget > 0
    error_message = "monthly_budget must be more than 0: a budget of nothing alarms at once."
  }
}

variable "budget_emails" {
  description = "Who is told about the budget, 1 to 5 addresses."
  type        = set(string)

  validation {
    condition     = length(var.budget_emails) >= 1 && length(var.budget_emails) <= 5
    error_message = "budget_emails holds none or too many addresses. Google takes 1 to 5 for one budget; use a mailing list for more."
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
  description = "The only reusable workflow whose jobs may take the CI accounts, as owner/repo/.github/workflows/file.yml; empty allows any workflow of the repository. It needs a pool of its own, so provider_id must be empty."
  type        = string
  default     = ""
}

variable "force_destroy" {
  description = "Whether destroy also deletes artefacts and data; images go with their repository in any case. Only for what can be made again."
  type        = bool
  default     = false
}
