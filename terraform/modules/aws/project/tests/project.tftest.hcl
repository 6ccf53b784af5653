mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      key_id = "11111111-2222-3333-4444-555555555555"
      arn    = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      id  = "role"
      arn = "arn:aws:iam::123456789012:role/role"
    }
  }
  mock_resource "aws_ecr_repository" {
    defaults = {
      arn            = "arn:aws:ecr:eu-central-1:123456789012:repository/acme-ml/lane-detection"
      repository_url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme-ml/lane-detection"
    }
  }
}

variables {
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
    host          = "github.com"
    owner         = "acme"
    repository    = "lane-detection"
    owner_id      = "1001"
    repository_id = "2002"
  }

  provider_id    = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  cluster_name   = "ml-dev"
  monthly_budget = 2000
  budget_emails  = ["vision-ml@example.com"]
  data_tiers     = { archive_days = 90 }
  log_store_id   = "acme-platform-platform-dev-logs"
  workflow       = "acme/gleis/.github/workflows/ml-pipeline.yml"
}

run "pods_reach_the_stores_of_their_own_project_and_nothing_else" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.workload.policy).Statement : statement.Resource if statement.Effect == "Allow"
      ])) == toset([
      "arn:aws:s3:::acme-vision-lane-detection-dev-artifacts",
      "arn:aws:s3:::acme-vision-lane-detection-dev-artifacts/*",
      "arn:aws:s3:::acme-vision-lane-detection-dev-data",
      "arn:aws:s3:::acme-vision-lane-detection-dev-data/*",
      "arn:aws:s3:::acme-vision-lane-detection-dev-data/predictions/*",
      "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    ])
    error_message = "Pods reach more than the stores of their project."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.workload.policy).Statement :
      !contains(flatten([statement.Action]), "s3:PutObject") || !contains(flatten([statement.Resource]), "arn:aws:s3:::acme-vision-lane-detection-dev-data/*")
    ])
    error_message = "Pods can change the data that they learn from."
  }
  assert {
    condition = jsondecode(aws_iam_role.workload.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "aws:SourceAccount"                         = "123456789012"
        "aws:RequestTag/eks-cluster-name"           = "ml-dev"
        "aws:RequestTag/kubernetes-namespace"       = "vision-lane-detection-dev"
        "aws:RequestTag/kubernetes-service-account" = "lane-detection"
      }
    }
    error_message = "Other pods than those of the project get the role."
  }
  assert {
    condition     = aws_eks_pod_identity_association.this.namespace == "vision-lane-detection-dev" && aws_eks_pod_identity_association.this.service_account == "lane-detection" && aws_eks_pod_identity_association.this.cluster_name == "ml-dev"
    error_message = "The association names another namespace, account or cluster than the trust policy."
  }
}

run "a_project_gets_stores_a_repository_and_logs_that_last_a_year" {
  command = plan

  assert {
    condition     = output.artifact_store_uri == "s3://acme-vision-lane-detection-dev-artifacts" && output.data_store_uri == "s3://acme-vision-lane-detection-dev-data"
    error_message = "The project does not have its two stores."
  }
  assert {
    condition     = endswith(output.repository_url, "/lane-detection")
    error_message = "The project does not have its own repository."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_cloudwatch_log_group.this.kms_key_id == aws_kms_key.this.arn && aws_cloudwatch_log_group.this.name == "/gleis/dev/vision/lane-detection"
    error_message = "The logs are not encrypted, not kept for a year or in another group."
  }
  assert {
    condition     = aws_iam_role.workload.tags["cost-center"] == "CC-4720" && aws_kms_key.this.tags["project"] == "lane-detection"
    error_message = "Resources lack their cost tags."
  }
}

run "no_budget_no_address_and_an_odd_cluster_are_refused" {
  command = plan

  variables {
    monthly_budget = 0
    budget_emails  = []
    cluster_name   = "ml dev"
  }

  expect_failures = [var.monthly_budget, var.budget_emails, var.cluster_name]
}
