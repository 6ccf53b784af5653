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

variable "cidr" {
  description = "Range of addresses of the network, /16 to /20; no other network that it is to speak with may have it."
  type        = string
}

variable "zones" {
  description = "For how many zones there are addresses to the internet, 2 or 3."
  type        = number
  default     = 3
}

variable "nat" {
  description = "How nodes reach the internet: none, single or per-zone."
  type        = string
  default     = "single"
}

variable "private_endpoints" {
  description = "Which services of the cloud are reached without leaving the network."
  type        = set(string)
  default     = ["identity", "keys", "logs", "registry", "storage"]
}

variable "flow_log_days" {
  description = "For how many days it is known who spoke to whom."
  type        = number
  default     = 365
}
