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

variable "git" {
  description = "The repository whose workflows get the accounts. The ids never change: with them a renamed or recreated repository is told apart."
  type = object({
    host           = string
    owner          = string
    repository     = string
    owner_id       = optional(string, "")
    repository_id  = optional(string, "")
    default_branch = optional(string, "main")
  })

  validation {
    condition     = can(regex("^[0-9]*$", var.git.repository_id)) && can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", "${var.git.owner}/${var.git.repository}"))
    error_message = "git names a repository that no condition can be written for. Allowed are owner and name of letters, digits, dots, hyphens and underscores, and ids of digits."
  }
}

variable "jenkins" {
  description = "Issuer and job of the Jenkins that also builds this repository; null when there is none."
  type = object({
    issuer = string
    job    = string
    url    = optional(string, "")
  })
  default = null

  validation {
    condition     = var.jenkins == null || can(regex("^https://[^\\s'\"\\\\*?]+$", "${var.jenkins.issuer}/${var.jenkins.job}"))
    error_message = "jenkins names no issuer or no job. Allowed are an address https://<host>/<path> and the path of one job, without quotes, blanks and wildcards."
  }
}

variable "provider_id" {
  description = "Name of the git host's provider in a workload identity pool of this project. Empty makes a pool and the providers. Jenkins' provider must be in the same pool."
  type        = string
  default     = ""

  validation {
    condition     = var.provider_id == "" || can(regex("^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{2,32}$", var.provider_id))
    error_message = "provider_id is no name of a provider. Allowed is projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>, or empty; take it from the bootstrap stack's output provider_id."
  }
}

variable "read_stores" {
  description = "Names of the buckets that all three accounts may read (output store_arn of artifact-store)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.read_stores : can(regex("^projects/_/buckets/[a-z0-9._-]+$", name))])
    error_message = "read_stores holds something that is no bucket's name. Allowed is projects/_/buckets/<bucket> without wildcards; take it from the output store_arn of artifact-store."
  }
}

variable "write_stores" {
  description = "Names of the buckets that build may also write to and deploy may read."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.write_stores : can(regex("^projects/_/buckets/[a-z0-9._-]+$", name))])
    error_message = "write_stores holds something that is no bucket's name. Allowed is projects/_/buckets/<bucket> without wildcards; take it from the output store_arn of artifact-store."
  }
}

variable "push_repositories" {
  description = "Names of the image repositories that build may push to and deploy may pull from (output repository_ids of registry)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.push_repositories : can(regex("^projects/[^/*]+/locations/[^/*]+/repositories/[a-z0-9-]+$", name))])
    error_message = "push_repositories holds something that is no repository's name. Allowed is projects/<project>/locations/<region>/repositories/<id> without wildcards; take it from the output repository_ids of registry."
  }
}

variable "encryption_keys" {
  description = "Names of the KMS keys of these stores. Nothing is granted on them, and they stand here for a call that fits every cloud: Cloud Storage uses a key in the place of whoever reads and writes."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.encryption_keys : can(regex("^projects/[^/*]+/locations/[^/*]+/keyRings/[^/*]+/cryptoKeys/[^/*]+$", name))])
    error_message = "encryption_keys holds something that is no key's name. Allowed is projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<name>; take it from the output encryption_key_id of artifact-store."
  }
}

variable "workflow" {
  description = "The only reusable workflow whose jobs may take the accounts, as owner/repo/.github/workflows/file.yml; empty allows any workflow of the repository."
  type        = string
  default     = ""

  validation {
    condition     = var.workflow == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\\.github/workflows/[A-Za-z0-9._-]+\\.ya?ml$", var.workflow))
    error_message = "workflow is no path of a workflow. Allowed is owner/repo/.github/workflows/file.yml without a ref (every ref of that file is meant) and without wildcards."
  }
}
