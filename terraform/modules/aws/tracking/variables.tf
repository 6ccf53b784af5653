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
  description = "Network that the database stands in (output network_id of network)."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.network_id))
    error_message = "network_id is no id of a VPC. Allowed is vpc-…; take it from the output network_id of network."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets in two zones at least (output private_subnet_ids of network)."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids holds too few. RDS wants subnets in two zones at least."
  }
}

variable "allowed_security_groups" {
  description = "Who reaches the database, by a name: ids of security groups, such as that of the nodes on which MLflow runs. Nobody else does."
  type        = map(string)

  validation {
    condition     = alltrue([for id in values(var.allowed_security_groups) : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "allowed_security_groups holds something that is no security group. Allowed is sg-…; an address range cannot be let in."
  }
}

variable "instance_class" {
  description = "Size of the database."
  type        = string
  default     = "db.t4g.medium"

  validation {
    condition     = can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instance_class))
    error_message = "instance_class is no class of RDS. Allowed is db.<family>.<size>, such as db.t4g.medium."
  }
}

variable "storage_gb" {
  description = "Storage at first, in GB; it grows by itself to four times of it."
  type        = number
  default     = 50

  validation {
    condition     = var.storage_gb >= 20 && var.storage_gb <= 16384 && floor(var.storage_gb) == var.storage_gb
    error_message = "storage_gb is too small or too large. Allowed is a whole number of 20 to 16384."
  }
}

variable "backup_days" {
  description = "For how many days one can go back to any second."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days is out of range. RDS keeps 1 to 35 days; 0 would switch backups off."
  }
}

variable "deletion_protection" {
  description = "Whether database and bucket refuse to be destroyed. Without it both go with what is in them, and without a last snapshot."
  type        = bool
  default     = true
}

variable "log_store_id" {
  description = "Bucket that takes the access logs of the artefacts (output store_id of a store with purpose logs); empty logs nothing."
  type        = string
  default     = ""
}
