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
    error_message = "repositories holds a name that ECR does not take. Allowed are lower-case letters and digits, parted by single . _ - or /, 190 characters at most."
  }
}

variable "pull_identities" {
  description = "ARNs of the roles that may pull."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.pull_identities : can(regex("^arn:[^:*?]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "pull_identities holds something that is no ARN of a role. Allowed is arn:aws:iam::<account>:role/<name> without wildcards."
  }
}

variable "push_identities" {
  description = "ARNs of the roles that may push and pull."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.push_identities : can(regex("^arn:[^:*?]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "push_identities holds something that is no ARN of a role. Allowed is arn:aws:iam::<account>:role/<name> without wildcards."
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
    condition     = var.untagged_days >= 1 && floor(var.untagged_days) == var.untagged_days
    error_message = "untagged_days is no whole number of days. Allowed is 1 and more."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes the images. Only for what can be made again."
  type        = bool
  default     = false
}
