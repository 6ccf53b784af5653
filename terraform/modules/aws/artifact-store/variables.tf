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
  description = "What the bucket holds: artifacts, data, logs or state. It ends the bucket's name."
  type        = string

  validation {
    condition     = contains(["artifacts", "data", "logs", "state"], var.purpose)
    error_message = "purpose is unknown. Allowed are artifacts, data, logs and state; name a second store by another project of the context."
  }
}

variable "tiers" {
  description = "After how many days objects move to cheaper classes: infrequent access, then archive (read at once, paid by the read). null moves nothing."
  type = object({
    infrequent_days = optional(number, 30)
    archive_days    = optional(number, 180)
  })
  default = null

  validation {
    condition     = var.tiers == null ? true : var.tiers.infrequent_days >= 30 && var.tiers.archive_days >= var.tiers.infrequent_days + 30
    error_message = "tiers move too early. S3 takes infrequent_days of 30 at least, and archive_days 30 later at least."
  }
}

variable "object_lock_days" {
  description = "For how many days nobody without a special right may delete a version; 0 locks nothing. S3 decides it when the bucket is made."
  type        = number
  default     = 0

  validation {
    condition     = var.object_lock_days >= 0 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days is no whole number of days. Allowed is 0 (no lock) to 36500."
  }
}

variable "log_store_id" {
  description = "Bucket that takes the access logs (output store_id of a store with purpose logs); empty logs nothing."
  type        = string
  default     = ""

  validation {
    condition     = var.log_store_id == "" || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_store_id))
    error_message = "log_store_id is no name of a bucket. Allowed is the name without s3:// and without an ARN, or empty; take it from the output store_id of the log store."
  }
}

variable "reader_identities" {
  description = "ARNs of the roles that the bucket itself lets read. Roles of this account may get the right from their own policy instead."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.reader_identities : can(regex("^arn:[^:*?]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "reader_identities holds something that is no ARN of a role. Allowed is arn:aws:iam::<account>:role/<name> without wildcards."
  }
}

variable "writer_identities" {
  description = "ARNs of the roles that the bucket itself lets write and read. With purpose state nobody else can read or write an object."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.writer_identities : can(regex("^arn:[^:*?]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "writer_identities holds something that is no ARN of a role. Allowed is arn:aws:iam::<account>:role/<name> without wildcards."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes what lies in the bucket. Only for what can be made again."
  type        = bool
  default     = false
}
