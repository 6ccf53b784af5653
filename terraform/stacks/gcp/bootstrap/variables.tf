variable "platform_file" {
  description = "Path of platform.yaml, which says region, projects, clusters, teams and git host."
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
  description = "Environment whose project on Google is meant: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is unknown. Allowed are dev, staging and prod."
  }
}

variable "template_version" {
  description = "Version of the platform that is applied, vX.Y.Z; it becomes a label."
  type        = string
}

variable "team" {
  description = "Team in platform.yaml that owns the platform itself and pays for it."
  type        = string
  default     = "platform"
}

variable "admin_identities" {
  description = "Who may read and write states, as IAM names it: group:, user: or serviceAccount: before the address. Whoever has such rights on the whole project may too."
  type        = set(string)
  default     = []
}

variable "object_lock_days" {
  description = "For how many days no version of a state may be deleted for good; 0 locks nothing. Whoever may change the bucket can lift it."
  type        = number
  default     = 0
}

variable "jenkins_issuer" {
  description = "Address of the Jenkins whose OIDC tokens are trusted, https://…; empty when there is none."
  type        = string
  default     = ""

  validation {
    condition     = var.jenkins_issuer == "" || can(regex("^https://[^\\s'\"\\\\*?]+$", var.jenkins_issuer))
    error_message = "jenkins_issuer is no address. Allowed is https://<host>/<path> without quotes, or empty; Jenkins shows it in the settings of its OIDC plugin."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes the logs. The states are never deleted with their bucket."
  type        = bool
  default     = false
}
