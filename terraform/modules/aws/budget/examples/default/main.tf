# 500 US dollars a month for one project.

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

module "budget" {
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

  monthly_budget = 500
  emails         = ["vision-leads@acme.example"]
}

output "budget_name" {
  description = "Name of the budget in AWS Budgets."
  value       = module.budget.budget_name
}
