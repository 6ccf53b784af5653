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

variable "network_id" {
  description = "Network that the cluster stands in (output network_id of the stack network)."
  type        = string
}

variable "private_subnet_ids" {
  description = "The private subnet of the network (output private_subnet_ids of the stack network)."
  type        = list(string)
}

variable "kubernetes_version" {
  description = "Version of Kubernetes; one minor version up at a time."
  type        = string
  default     = "1.34"
}

variable "system_nodes" {
  description = "Nodes for what the cluster itself needs."
  type = object({
    min  = number
    max  = number
    type = optional(string, "")
  })
  default = { min = 2, max = 4 }
}

variable "admin_groups" {
  description = "Whose members administer the cluster: addresses of Google groups of one domain."
  type        = set(string)
}

variable "api_allowed_cidrs" {
  description = "Ranges from which the API is reached besides the network itself. Empty keeps it private."
  type        = set(string)
  default     = []
}

variable "log_days" {
  description = "For how many days logs are kept."
  type        = number
  default     = 365
}

variable "gpu_pools" {
  description = "Pools of GPU nodes by name. A type of platform.yaml that none of them has gets a pool of two nodes at most."
  type = map(object({
    gpu_type       = string
    gpus_per_node  = optional(number, 1)
    nodes          = object({ min = optional(number, 0), max = number })
    spot           = optional(bool, false)
    reservation_id = optional(string, "")
    fast_network   = optional(bool, false)
  }))
  default = {}
}
