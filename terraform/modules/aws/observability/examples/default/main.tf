# A cluster that is watched, with logs that can be searched.

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

module "observability" {
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
  network_id         = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  alarm_emails       = ["ml-platform@example.com"]
  master_role_arn    = "arn:aws:iam::123456789012:role/platform-admin"

  opensearch = {
    enabled = true
    nodes   = 2
  }
}

output "dashboard_name" {
  description = "Where to look."
  value       = module.observability.dashboard_name
}
