# States that nobody may delete within a month; one role reads and writes them.

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

module "state_backend" {
  source = "../.."

  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-4700"
    data_class       = "confidential"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  admin_identities = ["arn:aws:iam::123456789012:role/platform-admin"]
  object_lock_days = 30
}

output "backend_config" {
  description = "For terraform init."
  value       = module.state_backend.backend_config
}
