# The cluster of dev.

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

module "cluster" {
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

  network_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev"
  private_subnet_ids = [
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-1",
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-2",
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-3",
  ]
  admin_groups = ["00000000-0000-0000-0000-0000000000ad"]
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.cluster.gitops_metadata
}
