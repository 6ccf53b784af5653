# A private cluster that the platform team administers.

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

module "cluster" {
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

  network_id         = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  admin_groups       = ["arn:aws:iam::123456789012:role/platform-admin"]
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = module.cluster.cluster_name
}
