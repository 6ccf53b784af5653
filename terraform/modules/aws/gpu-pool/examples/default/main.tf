# Spare T4 nodes, none of which runs while nobody trains.

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

module "gpu_pool" {
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

  cluster_name       = "platform-platform-dev"
  private_subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  node_identity      = "arn:aws:iam::123456789012:role/platform-platform-dev-nodes"
  name               = "training"
  gpu_type           = "t4"
  nodes              = { max = 8 }
  spot               = true
}

output "taints" {
  description = "What a training must tolerate."
  value       = module.gpu_pool.taints
}
