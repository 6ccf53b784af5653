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

variable "admin_identities" {
  description = "ARNs of the roles that may read and write states; the role that applies must be one. When empty, IAM alone decides who may."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.admin_identities : can(regex("^arn:[^:*?]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "admin_identities holds something that is no ARN of a role. Allowed is arn:aws:iam::<account>:role/<name> without wildcards; for SSO take the role, not the session."
  }
}

variable "object_lock_days" {
  description = "For how many days nobody without a special right may delete a version of a state; 0 locks nothing. S3 decides it when the bucket is made."
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
