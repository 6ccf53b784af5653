variable "context" {
  description = "Who owns this and who pays for it; names and labels are derived from it. The same as the cluster's: the key of its disks is found by it."
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
  description = "Cluster that the pool belongs to (output cluster_name of cluster)."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.cluster_name))
    error_message = "cluster_name is no name of a cluster. Allowed are lower-case letters, digits and hyphens, 40 at most, a letter first; take it from the output cluster_name of cluster."
  }
}

variable "private_subnet_ids" {
  description = "The private subnet of the cluster (output private_subnet_ids of network). On Google a pool stands where its cluster stands, so it is only checked that there is one."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 1
    error_message = "private_subnet_ids is empty. Take it from the output private_subnet_ids of network."
  }
}

variable "node_identity" {
  description = "Address of the service account of the nodes (output node_identity of cluster)."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.node_identity))
    error_message = "node_identity is no address of a service account. Allowed is <name>@<project>.iam.gserviceaccount.com; take it from the output node_identity of cluster."
  }
}

variable "name" {
  description = "Name of the pool, at most 12 lower-case letters and digits, which every cloud takes."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.name))
    error_message = "name is no name of a pool. Allowed are 1 to 12 lower-case letters and digits, a letter first."
  }
}

variable "gpu_type" {
  description = "Type of GPU: t4, a10g, l4, a100 or h100. Google has no a10g."
  type        = string

  validation {
    condition     = contains(["t4", "a10g", "l4", "a100", "h100"], var.gpu_type)
    error_message = "gpu_type is unknown. Allowed are t4, a10g, l4, a100 and h100."
  }
}

variable "gpus_per_node" {
  description = "How many GPUs a node has; which numbers there are depends on type and cloud."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.gpus_per_node)
    error_message = "gpus_per_node is no number that nodes come with. Allowed are 1, 2, 4 and 8."
  }
}

variable "nodes" {
  description = "How few and how many nodes; 0 at least costs nothing while nobody trains."
  type = object({
    min = optional(number, 0)
    max = number
  })

  validation {
    condition     = var.nodes.min >= 0 && var.nodes.max >= 1 && var.nodes.max >= var.nodes.min
    error_message = "nodes makes no sense. Allowed are min of 0 and more, and max of 1 and more that is not below min."
  }
}

variable "spot" {
  description = "Whether nodes are spare capacity that may vanish at any time, for less than half the price."
  type        = bool
  default     = false
}

variable "reservation_id" {
  description = "Capacity that was reserved (a Capacity Block on AWS, a capacity reservation group on Azure, on Google the name of a reservation); empty takes what is free."
  type        = string
  default     = ""

  validation {
    condition     = var.reservation_id == "" || can(regex("^([a-z]([a-z0-9-]{0,61}[a-z0-9])?|projects/[^/*]+/reservations/[a-z][a-z0-9-]*)$", var.reservation_id))
    error_message = "reservation_id is no reservation. Allowed is its name, projects/<project>/reservations/<name> for a shared one, or empty for what is free."
  }
}

variable "fast_network" {
  description = "Whether nodes speak to each other past the operating system (EFA on AWS, InfiniBand on Azure, compact placement with Fast Socket on Google), for training on several nodes."
  type        = bool
  default     = false
}
