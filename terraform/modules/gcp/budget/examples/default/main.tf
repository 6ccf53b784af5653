# 500 a month for one project, in the currency of the billing account.

terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 7"
    }
  }
}

# The API of budgets wants to know whose quota a person's request uses.
provider "google" {
  project               = "acme-ml-dev"
  region                = "europe-west3"
  billing_project       = "acme-ml-dev"
  user_project_override = true
}

module "budget" {
  source = "../.."

  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
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
  description = "Name of the budget in the billing account."
  value       = module.budget.budget_name
}
