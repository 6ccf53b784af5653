# The repository of one project.

terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 7"
    }
  }
}

provider "google" {
  project = "acme-ml-dev"
  region  = "europe-west3"
}

module "registry" {
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

  repositories    = ["lane-detection"]
  pull_identities = ["serviceAccount:n-platform-platform-dev@acme-ml-dev.iam.gserviceaccount.com"]
}

output "repository_urls" {
  description = "Where the images go."
  value       = module.registry.repository_urls
}
