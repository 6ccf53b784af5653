# Data of one project, which moves to cheaper tiers and cannot be deleted for a month.

terraform {
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55, < 5"
    }
  }
}

provider "azurerm" {
  subscription_id     = "00000000-0000-0000-0000-000000000001"
  storage_use_azuread = true

  features {}
}

module "artifact_store" {
  source = "../.."

  context = {
    cloud            = "azure"
    organisation     = "acme"
    region           = "germanywestcentral"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
    data_class       = "confidential"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  purpose           = "data"
  tiers             = { archive_days = 90 }
  object_lock_days  = 30
  log_store_id      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-logs/providers/Microsoft.Storage/storageAccounts/acmelogs"
  reader_identities = ["00000000-0000-0000-0000-00000000000a"]
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.artifact_store.gitops_metadata
}
