# The repository of one project; its nodes pull, its build role pushes.

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

module "registry" {
  source = "../.."

  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
    data_class       = "confidential"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  repositories    = ["lane-detection"]
  pull_identities = ["arn:aws:iam::123456789012:role/vision-nodes"]
  push_identities = ["arn:aws:iam::123456789012:role/vision-lane-detection-dev-build"]
}

output "repository_url" {
  description = "Where the images go."
  value       = module.registry.repository_urls["lane-detection"]
}
