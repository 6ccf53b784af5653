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

variable "network_id" {
  description = "Network that the cluster stands in (output network_id of network)."
  type        = string

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.Network/virtualNetworks/[^/]+$", var.network_id))
    error_message = "network_id is no id of a network. Allowed is /subscriptions/…/virtualNetworks/<name>; take it from the output network_id of network."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets in two zones at least (output private_subnet_ids of network)."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2 && alltrue([for id in var.private_subnet_ids : startswith(id, "${var.network_id}/subnets/")])
    error_message = "private_subnet_ids holds too few, or some of another network. A cluster wants subnets of network_id for two zones at least."
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
  description = "Nodes for what the cluster itself needs: how few, how many, of which type (empty takes the module's own; another needs a local disk, as Standard_D4ds_v5 has)."
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
  description = "Whose members administer the cluster: object ids of groups in Entra ID."
  type        = set(string)

  validation {
    condition     = length(var.admin_groups) > 0 && alltrue([for id in var.admin_groups : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "admin_groups is empty or holds something that is no object id. Allowed is 00000000-0000-0000-0000-000000000000, in lower case, of a group in Entra ID; without one nobody could enter the cluster."
  }
}

variable "api_allowed_cidrs" {
  description = "Ranges from which the API is reached besides the network itself. Empty keeps it private. AKS decides it when the cluster is made."
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
    condition     = var.log_days >= 30 && var.log_days <= 730 && floor(var.log_days) == var.log_days
    error_message = "log_days is no span that Log Analytics keeps. Allowed are whole days, 30 to 730."
  }
}
