# MLflow's database and bucket in a network that is there already.

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

module "tracking" {
  source = "../.."

  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "platform"
    project          = "mlflow"
    cost_center      = "CC-4700"
    data_class       = "confidential"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  network_id              = "vpc-0123456789abcdef0"
  private_subnet_ids      = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  allowed_security_groups = { nodes = "sg-0123456789abcdef0" }
}

output "tracking" {
  description = "What MLflow's chart needs."
  value       = module.tracking.gitops_metadata
}
