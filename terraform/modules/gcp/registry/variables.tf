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

variable "repositories" {
  description = "Names of the repositories, without the registry's prefix; a project has one, named after it."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.repositories : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", name))])
    error_message = "repositories holds a name that Artifact Registry does not take. Allowed are lower-case letters and digits, parted by single hyphens; with the registry's prefix 63 characters at most."
  }
}

variable "pull_identities" {
  description = "Who may pull, as IAM names it: serviceAccount:, group: or user: before the address."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.pull_identities : can(regex("^(serviceAccount|group|user):[^\\s:*@]+@[^\\s:*@]+\\.[a-z]+$", member))])
    error_message = "pull_identities holds something that is no single identity. Allowed is serviceAccount:<name>@<project>.iam.gserviceaccount.com, group:<address> and user:<address>; never allUsers or a whole domain."
  }
}

variable "push_identities" {
  description = "Who may push and pull, as IAM names it."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.push_identities : can(regex("^(serviceAccount|group|user):[^\\s:*@]+@[^\\s:*@]+\\.[a-z]+$", member))])
    error_message = "push_identities holds something that is no single identity. Allowed is serviceAccount:<name>@<project>.iam.gserviceaccount.com, group:<address> and user:<address>; never allUsers or a whole domain."
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
  description = "After how many days an image without a tag goes, unless it is among the newest that are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.untagged_days >= 1 && floor(var.untagged_days) == var.untagged_days
    error_message = "untagged_days is no whole number of days. Allowed is 1 and more."
  }
}

variable "force_destroy" {
  description = "Means nothing here, and stands here for a call that fits every cloud: Google deletes a repository together with its images, asked or not."
  type        = bool
  default     = false
}
