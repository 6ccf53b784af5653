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

variable "network_id" {
  description = "Network that the cluster stands in (output network_id of network)."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/global/networks/[a-z0-9-]+$", var.network_id))
    error_message = "network_id is no name of a network. Allowed is projects/<project>/global/networks/<name>; take it from the output network_id of network."
  }
}

variable "private_subnet_ids" {
  description = "The private subnet, which spans all zones (output private_subnet_ids of network); the first is used. It has the ranges pods and services."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 1
    error_message = "private_subnet_ids is empty. Take it from the output private_subnet_ids of network."
  }
}

variable "kubernetes_version" {
  description = "Version of Kubernetes; one minor version up at a time."
  type        = string
  default     = "1.34"

  validation {
    condition     = can(regex("^1\\.(3[3-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version is no version that the platform runs on. Allowed is 1.33 and newer, without a patch number."
  }
}

variable "system_nodes" {
  description = "Nodes for what the cluster itself needs: how few, how many, of which type (empty takes the module's own)."
  type = object({
    min  = number
    max  = number
    type = optional(string, "")
  })
  default = { min = 2, max = 4 }

  validation {
    condition     = var.system_nodes.min >= 2 && var.system_nodes.max >= var.system_nodes.min
    error_message = "system_nodes is too small. Allowed are min of 2 and more, so that one node may fail, and max not below it."
  }
}

variable "admin_groups" {
  description = "Whose members administer the cluster: addresses of Google groups."
  type        = set(string)

  validation {
    condition     = length(var.admin_groups) > 0 && alltrue([for group in var.admin_groups : can(regex("^[^\\s:*@]+@[^\\s:*@]+\\.[a-z]+$", group))])
    error_message = "admin_groups is empty or holds something that is no address. Allowed is <group>@<domain> of a Google group; without one nobody could enter the cluster."
  }
  validation {
    condition     = length(distinct([for group in var.admin_groups : split("@", group)[length(split("@", group)) - 1]])) <= 1
    error_message = "admin_groups lie in several domains, and GKE reads the groups of one. Allowed are groups of one domain."
  }
}

variable "api_allowed_cidrs" {
  description = "Ranges from which the API is reached besides the network itself. Empty keeps it private."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.api_allowed_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]), 0) >= 16])
    error_message = "api_allowed_cidrs holds no range of addresses, or one that is too wide. Allowed is a.b.c.d/16 and narrower: 0.0.0.0/0 would show the API to everybody."
  }
}

variable "log_days" {
  description = "For how many days the logs of the control plane are kept, the audit log among them."
  type        = number
  default     = 365

  validation {
    condition     = var.log_days >= 30 && var.log_days <= 3650 && floor(var.log_days) == var.log_days
    error_message = "log_days is no span that the platform keeps. Allowed is a whole number of 30 to 3650 days, the longest that Cloud Logging knows."
  }
}
