# A network of three zones with one gateway to the internet.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.95, < 7"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

module "network" {
  source = "../.."

  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
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
