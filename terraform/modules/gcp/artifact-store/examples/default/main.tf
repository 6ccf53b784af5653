# The drive data of a project: moved to cheaper classes with age, with access logs.

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

locals {
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
}

module "logs" {
  source = "../.."

  context = local.context
  purpose = "logs"
}

module "data" {
  source = "../.."

  context      = local.context
  purpose      = "data"
  tiers        = { infrequent_days = 30, archive_days = 90 }
  log_store_id = module.logs.store_id
}

output "data_store" {
  description = "Address of the data."
  value       = module.data.store_uri
}
