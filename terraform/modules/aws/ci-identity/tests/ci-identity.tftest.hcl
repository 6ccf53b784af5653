mock_provider "aws" {}

variables {
  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "cc-4711"
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

  provider_id       = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  read_stores       = ["arn:aws:s3:::acme-data"]
  write_stores      = ["arn:aws:s3:::acme-artifacts"]
  push_repositories = ["arn:aws:ecr:eu-central-1:123456789012:repository/acme-ml/lane-detection"]
  encryption_keys   = ["arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"]
  workflow          = "acme/platform/.github/workflows/ml-pipeline.yml"
}

run "a_role_trusts_exact_subjects_and_pull_requests_only_read" {
  command = plan

  assert {
    condition = jsondecode(output.trust_policies["deploy"]).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud"           = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:repository_id" = "2002"
        "token.actions.githubusercontent.com:sub" = [
          "repo:acme/lane-detection:environment:dev",
          "repo:acme@1001/lane-detection@2002:environment:dev",
        ]
      }
      StringLike = {
        "token.actions.githubusercontent.com:job_workflow_ref" = ["acme/platform/.github/workflows/ml-pipeline.yml@*"]
        "token.actions.githubusercontent.com:ref"              = ["refs/heads/main", "refs/tags/*"]
      }
    }
    error_message = "The deploy role trusts others than the jobs of environment dev."
  }
  assert {
    condition = alltrue([
      for role in values(aws_iam_role.this) :
      role.max_session_duration == 3600 && role.tags["cost-center"] == "cc-4711" && role.tags["project"] == "lane-detection"
    ])
    error_message = "A role lacks its cost tags or lends credentials for longer than an hour."
  }
  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["read"].policy).Statement : statement.Action if statement.Effect == "Allow"
    ])) == toset(["kms:Decrypt", "s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"])
    error_message = "The read role may do more than read."
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["read"].policy).Statement :
      [for arn in flatten([statement.Resource]) : !strcontains(arn, "acme-artifacts")] if statement.Effect == "Allow"
    ]))
    error_message = "The read role reads a store that it was not given."
  }
  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.this) : [
        for statement in jsondecode(policy.policy).Statement :
        statement.Action == "ecr:GetAuthorizationToken" || !contains(flatten([statement.Resource]), "*") if statement.Effect == "Allow"
      ]
    ]))
    error_message = "A role is allowed something on every resource."
  }
  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0
    error_message = "A provider was given, and another one is made."
  }
}

run "without_a_provider_both_issuers_get_one_and_Jenkins_never_reads" {
  command = apply

  variables {
    provider_id = ""
    workflow    = ""
    jenkins = {
      issuer = "https://jenkins.acme.example/oidc"
      job    = "vision/lane-detection/main"
    }
  }

  override_resource {
    target = aws_iam_openid_connect_provider.this["git"]
    values = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
  override_resource {
    target = aws_iam_openid_connect_provider.this["jenkins"]
    values = { arn = "arn:aws:iam::123456789012:oidc-provider/jenkins.acme.example/oidc" }
  }

  assert {
    condition = toset([for provider in values(aws_iam_openid_connect_provider.this) : provider.url]) == toset([
      "https://token.actions.githubusercontent.com", "https://jenkins.acme.example/oidc",
    ])
    error_message = "There is not one provider for each issuer."
  }
  assert {
    condition     = { for role, policy in output.trust_policies : role => length(jsondecode(policy).Statement) } == { build = 2, deploy = 2, read = 1 }
    error_message = "Jenkins builds and deploys, and never gets the read role."
  }
  assert {
    condition     = jsondecode(output.trust_policies["build"]).Statement[1].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/jenkins.acme.example/oidc"
    error_message = "Jenkins' statement trusts another issuer than Jenkins."
  }
}

run "a_workflow_cannot_be_asked_of_a_host_whose_claims_STS_does_not_know" {
  command = plan

  variables {
    git         = { host = "git.acme.example", owner = "acme", repository = "lane-detection" }
    provider_id = "arn:aws:iam::123456789012:oidc-provider/git.acme.example/_services/token"
  }

  expect_failures = [aws_iam_role.this]
}

run "wildcards_are_refused_before_they_reach_a_policy" {
  command = plan

  variables {
    workflow     = "acme/*/.github/workflows/ml-pipeline.yml"
    write_stores = ["arn:aws:s3:::acme-*"]
  }

  expect_failures = [var.workflow, var.write_stores]
}
