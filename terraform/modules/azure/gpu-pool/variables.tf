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
  description = "Cluster that the pool belongs to (output cluster_name of cluster)."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z]([0-9A-Za-z_-]{0,61}[0-9A-Za-z])?$", var.cluster_name))
    error_message = "cluster_name is no name of a cluster. Allowed are letters, digits, hyphens and underscores, 63 at most; take it from the output cluster_name of cluster."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets in which nodes may start (output private_subnet_ids of network). A pool of AKS stands in the first."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 1 && alltrue([for id in var.private_subnet_ids : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.Network/virtualNetworks/[^/]+/subnets/[^/]+$", id))])
    error_message = "private_subnet_ids is empty or holds something that is no id of a subnet. Take it from the output private_subnet_ids of network."
  }
}

variable "node_identity" {
  description = "Identity of the nodes (output node_identity of cluster). AKS gives one to all pools; it says where the cluster is."
  type        = string

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities/[^/]+$", var.node_identity))
    error_message = "node_identity is no id of an identity. Allowed is /subscriptions/…/userAssignedIdentities/<name>; take it from the output node_identity of cluster."
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
  description = "Type of GPU: t4, a10g, l4, a100 or h100."
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
  description = "Capacity that was reserved (a Capacity Block on AWS, a capacity reservation group on Azure, a reservation on Google); empty takes what is free."
  type        = string
  default     = ""

  validation {
    condition     = var.reservation_id == "" || can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.Compute/capacityReservationGroups/[^/]+$", var.reservation_id))
    error_message = "reservation_id is no id of a capacity reservation group. Allowed is /subscriptions/…/capacityReservationGroups/<name>, or empty; the identity of the control plane must be Contributor on it."
  }
}

variable "fast_network" {
  description = "Whether nodes speak to each other past the operating system (EFA on AWS, InfiniBand on Azure, GPUDirect on Google), for training on several nodes."
  type        = bool
  default     = false
}
