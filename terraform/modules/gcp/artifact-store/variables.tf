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
    error_message = "tiers move too early. Allowed are infrequent_days of 30 at least, and archive_days 30 later at least: Nearline is billed for 30 days whenever an object leaves it."
  }
}

variable "object_lock_days" {
  description = "For how many days no object may be deleted for good (the bucket's retention policy); 0 locks nothing. Whoever may change the bucket can lift it."
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
    condition     = var.log_store_id == "" || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.log_store_id))
    error_message = "log_store_id is no name of a bucket. Allowed is the name without gs://, or empty; take it from the output store_id of the log store."
  }
}

variable "reader_identities" {
  description = "Who may read, as IAM names it: serviceAccount:, group: or user: before the address."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.reader_identities : can(regex("^(serviceAccount|group|user):[^\\s:*@]+@[^\\s:*@]+\\.[a-z]+$", member))])
    error_message = "reader_identities holds something that is no single identity. Allowed is serviceAccount:<name>@<project>.iam.gserviceaccount.com, group:<address> and user:<address>; never allUsers or a whole domain."
  }
}

variable "writer_identities" {
  description = "Who may write and read, as IAM names it. With purpose state they may also replace and delete, as Terraform must."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.writer_identities : can(regex("^(serviceAccount|group|user):[^\\s:*@]+@[^\\s:*@]+\\.[a-z]+$", member))])
    error_message = "writer_identities holds something that is no single identity. Allowed is serviceAccount:<name>@<project>.iam.gserviceaccount.com, group:<address> and user:<address>; never allUsers or a whole domain."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes what lies in the bucket. Only for what can be made again."
  type        = bool
  default     = false
}
