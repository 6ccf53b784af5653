# The key of one store.

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

module "encryption_key" {
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

  purpose             = "data"
  resource_group_name = "lane-detection"
  log_store_id        = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-logs/providers/Microsoft.Storage/storageAccounts/acmelogs"
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.encryption_key.gitops_metadata
}
