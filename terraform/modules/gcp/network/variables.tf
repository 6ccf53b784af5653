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

variable "cidr" {
  description = "Range of addresses of the network, a private one; pods get half of it, nodes a quarter."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.cidr)[1]), 99) <= 20
    error_message = "cidr is no range of addresses of a useful size. Allowed is a.b.c.d/16 to /20: pods take an address each, so smaller ranges run out."
  }
  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr))
    error_message = "cidr is not private. Allowed are ranges in 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16."
  }
}

variable "zones" {
  description = "For how many zones there are addresses to the internet, 2 or 3; a subnet spans all zones of its region."
  type        = number
  default     = 3

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones is neither 2 nor 3. With one zone a fire stops everything; more than three bring nothing here."
  }
}

variable "nat" {
  description = "How nodes reach the internet: none, single (one address) or per-zone (an address for each; the gateway itself spans all zones)."
  type        = string
  default     = "single"

  validation {
    condition     = contains(["none", "single", "per-zone"], var.nat)
    error_message = "nat is unknown. Allowed are none, single and per-zone."
  }
}

variable "private_endpoints" {
  description = "Which services of the cloud are reached without leaving the network: identity, keys, logs, registry, storage."
  type        = set(string)
  default     = ["identity", "keys", "logs", "registry", "storage"]

  validation {
    condition     = length(setsubtract(var.private_endpoints, ["identity", "keys", "logs", "registry", "storage"])) == 0
    error_message = "private_endpoints holds an unknown service. Allowed are identity, keys, logs, registry and storage."
  }
}

variable "flow_log_days" {
  description = "For how many days it is known who spoke to whom."
  type        = number
  default     = 365

  validation {
    condition     = var.flow_log_days >= 30 && var.flow_log_days <= 3650 && floor(var.flow_log_days) == var.flow_log_days
    error_message = "flow_log_days is no span that the platform keeps. Allowed is a whole number of 30 to 3650 days, the longest that Cloud Logging knows."
  }
}
