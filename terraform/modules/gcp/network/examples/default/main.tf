# A network with one address to the internet.

terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 7"
    }
  }
}

provider "google" {
  project = "acme-ml-dev"
  region  = "europe-west3"
}

module "network" {
  source = "../.."

  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-1000"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  cidr = "10.20.0.0/16"
}

output "private_subnet_ids" {
  description = "Where nodes stand."
  value       = module.network.private_subnet_ids
}
