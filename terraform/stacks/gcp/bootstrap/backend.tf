# Filled in by `terraform init -backend-config=…`; see ../../README.md.
terraform {
  backend "gcs" {}
}
