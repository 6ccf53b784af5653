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

variable "monthly_budget" {
  description = "What may be spent in a calendar month, in the currency of the billing account."
  type        = number

  validation {
    condition     = var.monthly_budget > 0
    error_message = "monthly_budget must be more than 0. A budget of nothing alarms at once; leave the module out when there is no budget."
  }
}

variable "emails" {
  description = "Who is told, 1 to 5 addresses."
  type        = set(string)

  validation {
    condition     = length(var.emails) >= 1 && length(var.emails) <= 5
    error_message = "emails holds none or too many addresses. Google takes 1 to 5 for one budget; use a mailing list for more."
  }
  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails holds something that is no e-mail address. Allowed is name@domain."
  }
}

variable "scope" {
  description = "Whose spending counts: that of the project, of the team or of the cost center of the context."
  type        = string
  default     = "project"

  validation {
    condition     = contains(["project", "team", "cost-center"], var.scope)
    error_message = "scope is unknown. Allowed are project, team and cost-center."
  }
}

variable "thresholds" {
  description = "At which percentages of the budget an alert is sent, besides the one for the forecast."
  type        = list(number)
  default     = [50, 80, 100]

  validation {
    condition     = length(var.thresholds) >= 1 && length(var.thresholds) <= 4 && length(toset(var.thresholds)) == length(var.thresholds)
    error_message = "thresholds holds none, too many or the same twice. One alert is the forecast's; give 1 to 4 different percentages, as every cloud takes."
  }
  validation {
    condition     = alltrue([for threshold in var.thresholds : threshold > 0 && threshold <= 1000])
    error_message = "thresholds are percentages. Allowed is more than 0, and 1000 at most."
  }
}
