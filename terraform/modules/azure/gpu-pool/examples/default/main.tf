# A pool of A100 for training, on spare capacity.

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

module "gpu_pool" {
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

  cluster_name       = "platform-platform-dev"
  private_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev-network/providers/Microsoft.Network/virtualNetworks/platform-platform-dev/subnets/platform-platform-dev-private-1"]
  node_identity      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/platform-platform-dev/providers/Microsoft.ManagedIdentity/userAssignedIdentities/platform-platform-dev-nodes"
  name               = "train"
  gpu_type           = "a100"
  gpus_per_node      = 1
  nodes              = { max = 4 }
  spot               = true
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.gpu_pool.gitops_metadata
}
