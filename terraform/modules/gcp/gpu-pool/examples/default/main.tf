# Spare L4 nodes, none of which runs while nobody trains.

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

module "gpu_pool" {
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

  cluster_name       = "platform-platform-dev"
  private_subnet_ids = ["projects/acme-ml-dev/regions/europe-west3/subnetworks/platform-platform-dev-private"]
  node_identity      = "n-platform-platform-dev@acme-ml-dev.iam.gserviceaccount.com"
  name               = "training"
  gpu_type           = "l4"
  nodes              = { max = 8 }
  spot               = true
}

output "taints" {
  description = "What a training must tolerate."
  value       = module.gpu_pool.taints
}
