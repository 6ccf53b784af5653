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
  description = "What the key is for; it ends the vault's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,9}$", var.purpose))
    error_message = "purpose is no word that fits. Allowed are 2 to 9 lower-case letters: a vault's name has 24 characters at most."
  }
}

variable "resource_group_name" {
  description = "Resource group of the vault."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z_().-]{0,89}[0-9A-Za-z_()-]$", var.resource_group_name))
    error_message = "resource_group_name is no name of a resource group. Allowed are letters, digits and _ ( ) . -, 90 characters at most, no full stop at the end."
  }
}

variable "log_store_id" {
  description = "Storage account or Log Analytics workspace that is told who used the key; empty tells nobody."
  type        = string
  default     = ""

  validation {
    condition     = var.log_store_id == "" || can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.(Storage/storageAccounts|OperationalInsights/workspaces)/[^/]+$", var.log_store_id))
    error_message = "log_store_id is no id of a storage account or workspace. Allowed is /subscriptions/…/storageAccounts/<name> or …/workspaces/<name>, or empty; take it from the output store_id of the log store."
  }
}
