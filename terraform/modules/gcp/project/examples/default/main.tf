# One project of the team vision, in dev.

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

module "project" {
  source = "../.."

  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
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

  provider_id    = "projects/123456789012/locations/global/workloadIdentityPools/ci-platform-platform-dev/providers/git"
  cluster_name   = "ml-dev"
  monthly_budget = 2000
  budget_emails  = ["vision-ml@example.com"]
  data_tiers     = { archive_days = 90 }
  log_store_id   = "acme-platform-platform-dev-logs"
}

output "gitops_metadata" {
  description = "What Argo CD needs."
  value       = module.project.gitops_metadata
}
