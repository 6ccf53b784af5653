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

variable "repositories" {
  description = "Names of the repositories, without the registry's prefix; a project has one, named after it."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$", name)) && length(name) <= 190])
    error_message = "repositories holds a name that ACR does not take. Allowed are lower-case letters and digits, parted by single . _ - or /, 190 characters at most."
  }
}

variable "pull_identities" {
  description = "Object ids of the identities (or groups) that may pull."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.pull_identities : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "pull_identities holds something that is no object id. Allowed is 00000000-0000-0000-0000-000000000000, in lower case, of an identity or group in Entra ID (its object id, not its client id)."
  }
}

variable "push_identities" {
  description = "Object ids of the identities (or groups) that may push and pull."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.push_identities : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "push_identities holds something that is no object id. Allowed is 00000000-0000-0000-0000-000000000000, in lower case, of an identity or group in Entra ID (its object id, not its client id)."
  }
}

variable "keep_images" {
  description = "How many images a repository keeps. The oldest go first, also one that still runs: keep more than a model's life sees builds."
  type        = number
  default     = 50

  validation {
    condition     = var.keep_images >= 2 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images is too small. A whole number of 2 at least is allowed: the image that runs, and the one to roll back to."
  }
}

variable "untagged_days" {
  description = "After how many days an image without a tag goes."
  type        = number
  default     = 14

  validation {
    condition     = var.untagged_days >= 1 && var.untagged_days <= 365 && floor(var.untagged_days) == var.untagged_days
    error_message = "untagged_days is no whole number of days. Allowed is 1 to 365."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes the images. Only for what can be made again."
  type        = bool
  default     = false
}

variable "resource_group_name" {
  description = "Resource group of the registry; empty makes one. Azure only: what shares a budget shares a group."
  type        = string
  default     = ""

  validation {
    condition     = var.resource_group_name == "" || can(regex("^[0-9A-Za-z_().-]{0,89}[0-9A-Za-z_()-]$", var.resource_group_name))
    error_message = "resource_group_name is no name of a resource group. Allowed are letters, digits and _ ( ) . -, 90 characters at most, no full stop at the end, or nothing."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets that reach the registry (output private_subnet_ids of network); the first gets a private end-point, and all other ways in are closed, also for CI that runs elsewhere. Empty leaves it to roles alone. Azure only: ECR has its end-points in the network."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.private_subnet_ids : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.Network/virtualNetworks/[^/]+/subnets/[^/]+$", id))])
    error_message = "private_subnet_ids holds something that is no id of a subnet. Take it from the output private_subnet_ids of network."
  }
}
