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

variable "git" {
  description = "The repository whose workflows get the roles. The ids never change: with them a renamed or recreated repository is told apart."
  type = object({
    host           = string
    owner          = string
    repository     = string
    owner_id       = optional(string, "")
    repository_id  = optional(string, "")
    default_branch = optional(string, "main")
  })
}

variable "jenkins" {
  description = "Issuer and job (folder/job) of the Jenkins that also builds this repository, and its address where the issuer is elsewhere; null when there is none."
  type = object({
    issuer = string
    job    = string
    url    = optional(string, "")
  })
  default = null
}

variable "provider_id" {
  description = "ARN of the OIDC provider of the git host in this account. Empty makes the providers; an account can hold one for each issuer only."
  type        = string
  default     = ""

  validation {
    condition     = var.provider_id == "" || can(regex("^arn:[^:*?]+:iam::[0-9]{12}:oidc-provider/[^*?]+$", var.provider_id))
    error_message = "provider_id is no ARN of an OIDC provider. Allowed is arn:aws:iam::<account>:oidc-provider/<issuer>, or empty; take it from the bootstrap stack's output provider_id."
  }
}

variable "read_stores" {
  description = "ARNs of the buckets that all three roles may read (output store_arn of artifact-store)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.read_stores : can(regex("^arn:[^:*?]+:s3:::[a-z0-9.-]+$", arn))])
    error_message = "read_stores holds something that is no bucket's ARN. Allowed is arn:aws:s3:::<bucket> without wildcards; take it from the output store_arn of artifact-store."
  }
}

variable "write_stores" {
  description = "ARNs of the buckets that build may also write to and deploy may read."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.write_stores : can(regex("^arn:[^:*?]+:s3:::[a-z0-9.-]+$", arn))])
    error_message = "write_stores holds something that is no bucket's ARN. Allowed is arn:aws:s3:::<bucket> without wildcards; take it from the output store_arn of artifact-store."
  }
}

variable "push_repositories" {
  description = "ARNs of the image repositories that build may push to and deploy may pull from (output repository_ids of registry)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.push_repositories : can(regex("^arn:[^:*?]+:ecr:[^:*?]+:[0-9]{12}:repository/[^*?]+$", arn))])
    error_message = "push_repositories holds something that is no repository's ARN. Allowed is arn:aws:ecr:<region>:<account>:repository/<name> without wildcards; take it from the output repository_ids of registry."
  }
}

variable "encryption_keys" {
  description = "ARNs of the KMS keys of these stores."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.encryption_keys : can(regex("^arn:[^:*?]+:kms:[^:*?]+:[0-9]{12}:key/[^*?]+$", arn))])
    error_message = "encryption_keys holds something that is no key's ARN. Allowed is arn:aws:kms:<region>:<account>:key/<id> without wildcards; take it from the output encryption_key_id of artifact-store."
  }
}

variable "workflow" {
  description = "The only reusable workflow whose jobs may take the roles, as owner/repo/.github/workflows/file.yml; empty allows any workflow of the repository."
  type        = string
  default     = ""

  validation {
    condition     = var.workflow == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\\.github/workflows/[A-Za-z0-9._-]+\\.ya?ml$", var.workflow))
    error_message = "workflow is no path of a workflow. Allowed is owner/repo/.github/workflows/file.yml without a ref (every ref of that file is meant) and without wildcards."
  }
}
