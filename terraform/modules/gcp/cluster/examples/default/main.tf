# A private cluster that the platform team administers.

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

module "cluster" {
  source = "../.."

  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-1000"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  network_id         = "projects/acme-ml-dev/global/networks/platform-platform-dev"
  private_subnet_ids = ["projects/acme-ml-dev/regions/europe-west3/subnetworks/platform-platform-dev-private"]
  admin_groups       = ["ml-platform-admins@example.com"]
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = module.cluster.cluster_name
}
