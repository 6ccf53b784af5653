# The service accounts of one repository in dev; only the platform's pipeline may take them.

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

module "ci_identity" {
  source = "../.."

  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
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

  read_stores       = ["projects/_/buckets/acme-vision-lane-detection-dev-data"]
  write_stores      = ["projects/_/buckets/acme-vision-lane-detection-dev-artifacts"]
  push_repositories = ["projects/acme-ml-dev/locations/europe-west3/repositories/acme-ml-lane-detection"]
  workflow          = "acme/platform/.github/workflows/ml-pipeline.yml"
}

output "build_identity" {
  description = "Address of the service account for runs on the default branch."
  value       = module.ci_identity.build_identity
}
