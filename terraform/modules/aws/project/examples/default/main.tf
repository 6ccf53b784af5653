# One project of the team vision, in dev.

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

module "project" {
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

  git = {
    host          = "github.com"
    owner         = "acme"
    repository    = "lane-detection"
    owner_id      = "1001"
    repository_id = "2002"
  }

  provider_id    = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  cluster_name   = "ml-dev"
  monthly_budget = 2000
  budget_emails  = ["vision-ml@example.com"]
  data_tiers     = { archive_days = 90 }
  log_store_id   = "acme-platform-platform-dev-logs"
  workflow       = "acme/gleis/.github/workflows/ml-pipeline.yml"
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.project.gitops_metadata
}
