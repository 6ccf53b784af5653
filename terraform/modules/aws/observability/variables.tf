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

variable "cluster_name" {
  description = "Cluster that is watched (output cluster_name of cluster)."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", var.cluster_name))
    error_message = "cluster_name is no name of a cluster. Allowed are letters, digits, hyphens and underscores, 100 at most; take it from the output cluster_name of cluster."
  }
}

variable "network_id" {
  description = "Network that OpenSearch stands in (output network_id of network)."
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
    error_message = "private_subnet_ids holds too few. Logs are to outlive a zone, so subnets in two at least are needed."
  }
}

variable "alarm_emails" {
  description = "Who is told when something is wrong."
  type        = set(string)

  validation {
    condition     = length(var.alarm_emails) >= 1 && alltrue([for email in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "alarm_emails is empty or holds something that is no e-mail address. Allowed is name@domain; an alarm that reaches nobody is none."
  }
}

variable "log_days" {
  description = "For how many days logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days is no span that CloudWatch knows. Allowed are 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

variable "opensearch" {
  description = "The domain that logs can be searched in: whether there is one, type and number of its nodes, disk of each in GB."
  type = object({
    enabled   = optional(bool, false)
    node_type = optional(string, "r7g.large.search")
    nodes     = optional(number, 3)
    volume_gb = optional(number, 100)
  })
  default = {}

  validation {
    condition     = endswith(var.opensearch.node_type, ".search") && var.opensearch.nodes >= 2 && var.opensearch.volume_gb >= 10
    error_message = "opensearch makes no sense. Allowed are a node_type that ends in .search, 2 nodes and more, volume_gb of 10 and more."
  }
}

variable "master_role_arn" {
  description = "ARN of the role that rules the domain and lets others in; needed where there is one."
  type        = string
  default     = ""
}

variable "search_security_groups" {
  description = "Who reaches the domain, by a name: ids of security groups, such as that of the cluster's nodes. Nobody else does."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.search_security_groups) : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "search_security_groups holds something that is no security group. Allowed is sg-…; an address range cannot be let in."
  }
}
