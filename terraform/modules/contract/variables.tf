variable "context" {
  description = "Who owns this and who pays for it; names and tags are derived from it."
  type = object({
    cloud            = string # aws | azure | gcp
    organisation     = string # short: makes global names unique
    region           = string
    environment      = string # dev | staging | prod
    team             = string
    project          = string # "platform" for what belongs to no project
    cost_center      = string
    data_class       = string # public | internal | confidential | restricted
    repo             = string # owner/name of the git repository
    template_version = string # vX.Y.Z
  })

  validation {
    condition     = contains(["aws", "azure", "gcp"], var.context.cloud)
    error_message = "context.cloud is \"${var.context.cloud}\": use aws, azure or gcp."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,10}[a-z0-9]$", var.context.organisation))
    error_message = "context.organisation is \"${var.context.organisation}\": use 2 to 12 of a-z, 0-9 and hyphens, starting with a letter."
  }
  validation {
    condition     = contains(["dev", "staging", "prod"], var.context.environment)
    error_message = "context.environment is \"${var.context.environment}\": use dev, staging or prod."
  }
  validation {
    condition = alltrue([
      for name in [var.context.team, var.context.project] : can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", name))
    ])
    error_message = "context.team and context.project are DNS names: a-z, 0-9 and hyphens, starting with a letter."
  }
  validation {
    condition     = contains(["public", "internal", "confidential", "restricted"], var.context.data_class)
    error_message = "context.data_class is \"${var.context.data_class}\": use public, internal, confidential or restricted."
  }
}

variable "git" {
  description = "The repository whose CI may ask for an identity; null for none. With both numbers, GitHub's newer subjects are served too."
  type = object({
    host           = string
    owner          = string
    repository     = string
    owner_id       = optional(string, "")
    repository_id  = optional(string, "")
    default_branch = optional(string, "main")
  })
  default = null

  validation {
    condition = var.git == null || can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+$",
    "${var.git.owner}/${var.git.repository}/${var.git.default_branch}"))
    error_message = "git names one repository and one branch, without wildcards."
  }
}

variable "jenkins" {
  description = "Jenkins' issuer and the one job that may ask for an identity, as folder/job; null for none. Jenkins' address is read from the issuer, unless url gives it (an issuer elsewhere)."
  type        = object({ issuer = string, job = string, url = optional(string, "") })
  default     = null

  validation {
    condition = var.jenkins == null || (
      can(regex("^[^*?/]+(/[^*?/]+)*$", try(var.jenkins.job, "")))
      && can(regex("^https://[^*?]+$", try(var.jenkins.issuer, "")))
      && can(regex("^(https://[^*?]+)?$", try(var.jenkins.url, "")))
    )
    error_message = "jenkins.issuer and jenkins.url are https:// addresses, jenkins.job is one job, as folder/job, without wildcards."
  }
}

variable "team_quota" {
  description = "What the team may hold: cores and cards; null for no limit."
  type        = object({ cpu = number, gpu = number })
  default     = null

  validation {
    condition     = var.team_quota == null || try(var.team_quota.cpu >= 0 && var.team_quota.gpu >= 0, false)
    error_message = "team_quota holds less than nothing. Allowed are numbers of 0 and more, or null for no limit."
  }
}

variable "claims" {
  description = "What each project of the team claims: project => cores and cards."
  type        = map(object({ cpu = number, gpu = number }))
  default     = {}

  validation {
    condition     = alltrue([for it in values(var.claims) : try(it.cpu >= 0 && it.gpu >= 0, false)])
    error_message = "claims holds less than nothing, which would hide what others hold. Allowed are numbers of 0 and more."
  }
}
