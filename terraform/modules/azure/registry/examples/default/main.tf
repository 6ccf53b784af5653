# The registry of one project, reached from its network only.

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

module "registry" {
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

  repositories       = ["lane-detection"]
  push_identities    = ["00000000-0000-0000-0000-00000000000b"]
  private_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme-network/providers/Microsoft.Network/virtualNetworks/acme/subnets/acme-private-1"]
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.registry.gitops_metadata
}
