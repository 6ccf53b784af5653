# The network of dev.

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

module "network" {
  source = "../.."

  context = {
    cloud            = "azure"
    organisation     = "acme"
    region           = "germanywestcentral"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-4720"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  cidr = "10.20.0.0/16"
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.network.gitops_metadata
}
