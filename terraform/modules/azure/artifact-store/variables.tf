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

variable "purpose" {
  description = "What the store holds: artifacts, data, logs or state. It ends the account's name and names the container."
  type        = string

  validation {
    condition     = contains(["artifacts", "data", "logs", "state"], var.purpose)
    error_message = "purpose is unknown. Allowed are artifacts, data, logs and state; name a second store by another project of the context."
  }
}

variable "tiers" {
  description = "After how many days blobs move to cheaper tiers: infrequent access (cool), then archive (cold: read at once, paid by the read). null moves nothing."
  type = object({
    infrequent_days = optional(number, 30)
    archive_days    = optional(number, 180)
  })
  default = null

  validation {
    condition     = var.tiers == null ? true : var.tiers.infrequent_days >= 30 && var.tiers.archive_days >= var.tiers.infrequent_days + 30
    error_message = "tiers move too early. Allowed are infrequent_days of 30 at least, and archive_days 30 later at least: Azure bills 30 days of cool in any case."
  }
}

variable "object_lock_days" {
  description = "For how many days nobody without a special right may delete a version; 0 locks nothing. Azure decides it when the account is made."
  type        = number
  default     = 0

  validation {
    condition     = var.object_lock_days >= 0 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days is no whole number of days. Allowed is 0 (no lock) to 36500."
  }
}

variable "log_store_id" {
  description = "What takes the access logs: the id of a storage account (output store_id of a store with purpose logs) or of a Log Analytics workspace; empty logs nothing."
  type        = string
  default     = ""

  validation {
    condition     = var.log_store_id == "" || can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.(Storage/storageAccounts|OperationalInsights/workspaces)/[^/]+$", var.log_store_id))
    error_message = "log_store_id is no id of a storage account or workspace. Allowed is /subscriptions/…/storageAccounts/<name> or …/workspaces/<name>, or empty; take it from the output store_id of the log store."
  }
}

variable "reader_identities" {
  description = "Object ids of the identities (or groups) that may read."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.reader_identities : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "reader_identities holds something that is no object id. Allowed is 00000000-0000-0000-0000-000000000000, in lower case, of an identity or group in Entra ID (its object id, not its client id)."
  }
}

variable "writer_identities" {
  description = "Object ids of the identities (or groups) that may write and read, not delete."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.writer_identities : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "writer_identities holds something that is no object id. Allowed is 00000000-0000-0000-0000-000000000000, in lower case, of an identity or group in Entra ID (its object id, not its client id)."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes what lies in the store. Only for what can be made again."
  type        = bool
  default     = false
}

variable "resource_group_name" {
  description = "Resource group of the store; empty makes one. Azure only: what shares a budget shares a group."
  type        = string
  default     = ""

  validation {
    condition     = var.resource_group_name == "" || can(regex("^[0-9A-Za-z_().-]{0,89}[0-9A-Za-z_()-]$", var.resource_group_name))
    error_message = "resource_group_name is no name of a resource group. Allowed are letters, digits and _ ( ) . -, 90 characters at most, no full stop at the end, or nothing."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets that reach the store (output private_subnet_ids of network); the first gets a private end-point, and all other ways in are closed, also for CI that runs elsewhere. Empty leaves it to roles alone. Azure only: S3 has its end-point in the network."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.private_subnet_ids : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.Network/virtualNetworks/[^/]+/subnets/[^/]+$", id))])
    error_message = "private_subnet_ids holds something that is no id of a subnet. Take it from the output private_subnet_ids of network."
  }
}
