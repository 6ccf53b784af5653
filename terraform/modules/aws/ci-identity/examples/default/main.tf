# The roles of one repository in dev; only the platform's pipeline may take them.

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

module "ci_identity" {
  source = "../.."

  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "cc-4711"
    data_class       = "internal"
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

  read_stores       = ["arn:aws:s3:::acme-vision-lane-detection-dev-data"]
  write_stores      = ["arn:aws:s3:::acme-vision-lane-detection-dev-artifacts"]
  push_repositories = ["arn:aws:ecr:eu-central-1:123456789012:repository/acme-ml/lane-detection"]
  encryption_keys   = ["arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"]
  workflow          = "acme/platform/.github/workflows/ml-pipeline.yml"
}

output "build_identity" {
  description = "ARN of the role for runs on the default branch."
  value       = module.ci_identity.build_identity
}
