# What a module of a project does with its context, and with the repository whose CI may come in.

terraform {
  required_version = ">= 1.11"
}

module "contract" {
  source = "../.."

  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
    data_class       = "confidential"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  git = {
    host       = "github.com"
    owner      = "acme"
    repository = "lane-detection"
  }
}

output "names" {
  description = "Names within each service's limit."
  value       = module.contract.names
}
