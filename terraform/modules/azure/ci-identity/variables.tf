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
  description = "The repository whose workflows get the identities. The ids never change: with them a renamed or recreated repository is told apart."
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
  description = "Issuer and job of the Jenkins that also builds this repository; null when there is none."
  type = object({
    issuer = string
    job    = string
    url    = optional(string, "")
  })
  default = null
}

variable "provider_id" {
  description = "Issuer of the git host's tokens, where an enterprise has one of its own; empty takes that of git.host. Azure needs no provider besides."
  type        = string
  default     = ""

  validation {
    condition     = var.provider_id == "" || can(regex("^https://[^\\s*?]+[^\\s*?/]$", var.provider_id))
    error_message = "provider_id is no issuer. Allowed is https://<host>/<path> without a slash at the end, or empty; take it from the bootstrap stack's output provider_id."
  }
}

variable "read_stores" {
  description = "Ids of the containers that all three identities may read (output store_arn of artifact-store)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.read_stores : can(regex("^/subscriptions/[^/*]+/resourceGroups/[^/*]+/providers/Microsoft\\.Storage/storageAccounts/[a-z0-9]{3,24}/blobServices/default/containers/[a-z0-9-]+$", id))])
    error_message = "read_stores holds something that is no container's id. Allowed is /subscriptions/…/storageAccounts/<name>/blobServices/default/containers/<name>; take it from the output store_arn of artifact-store."
  }
}

variable "write_stores" {
  description = "Ids of the containers that build may also write to and deploy may read."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.write_stores : can(regex("^/subscriptions/[^/*]+/resourceGroups/[^/*]+/providers/Microsoft\\.Storage/storageAccounts/[a-z0-9]{3,24}/blobServices/default/containers/[a-z0-9-]+$", id))])
    error_message = "write_stores holds something that is no container's id. Allowed is /subscriptions/…/storageAccounts/<name>/blobServices/default/containers/<name>; take it from the output store_arn of artifact-store."
  }
}

variable "push_repositories" {
  description = "Ids of the registries that build may push to and deploy may pull from (output repository_ids of registry)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.push_repositories : can(regex("^/subscriptions/[^/*]+/resourceGroups/[^/*]+/providers/Microsoft\\.ContainerRegistry/registries/[a-zA-Z0-9]{5,50}$", id))])
    error_message = "push_repositories holds something that is no registry's id. Allowed is /subscriptions/…/registries/<name>; take it from the output repository_ids of registry."
  }
}

variable "encryption_keys" {
  description = "Addresses of these stores' keys. On Azure a store opens its key itself, so nothing is granted for them; taken so that a call is the same in every cloud."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.encryption_keys : can(regex("^https://[a-z0-9-]+\\.vault\\.[a-z.]+/keys/[^/*]+(/[0-9a-f]+)?$", id))])
    error_message = "encryption_keys holds something that is no key's address. Allowed is https://<vault>.vault.azure.net/keys/<name>; take it from the output encryption_key_id of artifact-store."
  }
}

variable "workflow" {
  description = "The only reusable workflow whose jobs may take the identities, as owner/repo/.github/workflows/file.yml@ref; empty allows any workflow of the repository. The repository's subjects must carry job_workflow_ref then."
  type        = string
  default     = ""

  validation {
    condition     = var.workflow == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\\.github/workflows/[A-Za-z0-9._-]+\\.ya?ml@[A-Za-z0-9._/-]+$", var.workflow))
    error_message = "workflow is no workflow at a ref. Allowed is owner/repo/.github/workflows/file.yml@refs/heads/main (or @ a commit, as callers write it): Azure compares the whole, so the ref cannot be left out, and knows no wildcards."
  }
}

variable "resource_group_name" {
  description = "Resource group of the identities; empty makes one. Azure only: what shares a budget shares a group."
  type        = string
  default     = ""

  validation {
    condition     = var.resource_group_name == "" || can(regex("^[0-9A-Za-z_().-]{0,89}[0-9A-Za-z_()-]$", var.resource_group_name))
    error_message = "resource_group_name is no name of a resource group. Allowed are letters, digits and _ ( ) . -, 90 characters at most, no full stop at the end, or nothing."
  }
}
