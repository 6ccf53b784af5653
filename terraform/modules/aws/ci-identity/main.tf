# Three roles for the pipelines of one repository in one environment: build (default branch), deploy
# (the environment's jobs) and read (pull requests). Nobody gets a key: a run shows a token that its
# CI system signed, and STS gives credentials for an hour. Each trust policy names issuer, audience
# and subjects exactly.

module "contract" {
  source  = "../../contract"
  context = var.context
  git     = var.git
  jenkins = var.jenkins
}

locals {
  audience   = "sts.amazonaws.com"
  github_com = var.git.host == "github.com"

  # A Server signs for itself, GHE.com signs for each tenant.
  issuer = (
    local.github_com ? "token.actions.githubusercontent.com" :
    endswith(var.git.host, ".ghe.com") ? "token.actions.${var.git.host}" :
    "${var.git.host}/_services/token"
  )
  jenkins_issuer = var.jenkins == null ? null : trimsuffix(trimprefix(module.contract.jenkins.issuer, "https://"), "/")

  # An account holds one provider for each issuer, so Jenkins' stands beside the one that was given.
  issuers = var.provider_id != "" ? {} : merge(
    { git = local.issuer },
    local.jenkins_issuer == null ? {} : { jenkins = local.jenkins_issuer },
  )
  provider_id = var.provider_id != "" ? var.provider_id : aws_iam_openid_connect_provider.this["git"].arn
  jenkins_provider_id = (
    local.jenkins_issuer == null ? null :
    var.provider_id == "" ? aws_iam_openid_connect_provider.this["jenkins"].arn :
    "${split(":oidc-provider/", var.provider_id)[0]}:oidc-provider/${local.jenkins_issuer}"
  )

  # Since January 2026 STS takes some claims of GitHub's besides aud and sub as condition keys, among
  # them job_workflow_ref and repository_id (repository_owner_id is not one of them). That is so for
  # github.com only; with another host `sub` must carry it (GitHub can put job_workflow_ref into sub).
  git_equals = merge(
    { "${local.issuer}:aud" = local.audience },
    local.github_com && var.git.repository_id != "" ? { "${local.issuer}:repository_id" = var.git.repository_id } : {},
  )
  # Wildcards stand in two places. Which version of the workflow runs is pinned in the calling repository.
  # And the subject of a job with an environment says nothing of its branch, so `ref` has to: without
  # it, any branch and any pull request that names the environment would deploy.
  git_like = {
    for role in keys(module.contract.subjects) : role => merge(
      var.workflow == "" ? {} : { "${local.issuer}:job_workflow_ref" = ["${var.workflow}@*"] },
      role == "deploy" && local.github_com ? {
        "${local.issuer}:ref" = ["refs/heads/${var.git.default_branch}", "refs/tags/*"]
      } : {},
    )
  }

  # Jenkins' tokens name the job and nothing of pull requests, so it never gets the read role.
  jenkins_subjects = {
    build  = try(module.contract.jenkins.subjects, [])
    deploy = try(module.contract.jenkins.subjects, [])
    read   = []
  }

  trust_policies = {
    for role, subjects in module.contract.subjects : role => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [{
          Sid       = "Git"
          Effect    = "Allow"
          Action    = "sts:AssumeRoleWithWebIdentity"
          Principal = { Federated = local.provider_id }
          Condition = merge(
            { StringEquals = merge(local.git_equals, { "${local.issuer}:sub" = subjects }) },
            length(local.git_like[role]) == 0 ? {} : { StringLike = local.git_like[role] },
          )
        }],
        [for jenkins_subjects in [local.jenkins_subjects[role]] : {
          Sid       = "Jenkins"
          Effect    = "Allow"
          Action    = "sts:AssumeRoleWithWebIdentity"
          Principal = { Federated = local.jenkins_provider_id }
          Condition = {
            StringEquals = {
              "${local.jenkins_issuer}:aud" = local.audience
              "${local.jenkins_issuer}:sub" = jenkins_subjects
            }
          }
        } if length(jenkins_subjects) > 0],
      )
    })
  }

  # Each role's stores and repositories, by what it may do with them.
  reads  = { build = setunion(var.read_stores, var.write_stores), deploy = setunion(var.read_stores, var.write_stores), read = var.read_stores }
  writes = { build = var.write_stores, deploy = [], read = [] }
  pushes = { build = var.push_repositories, deploy = [], read = [] }
  pulls  = { build = var.push_repositories, deploy = var.push_repositories, read = [] }

  # Always there, so that a role without stores has a policy too.
  refuse_plain_http = {
    Sid       = "RefusePlainHttp"
    Effect    = "Deny"
    Action    = "*"
    Resource  = "*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  permissions = {
    for role in ["build", "deploy", "read"] : role => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [local.refuse_plain_http],
        [for stores in [sort(local.reads[role])] : {
          Sid      = "ListStores"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
          Resource = stores
        } if length(stores) > 0],
        [for stores in [sort(local.reads[role])] : {
          Sid      = "ReadStores"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = [for arn in stores : "${arn}/*"]
        } if length(stores) > 0],
        # No s3:DeleteObject: what a build wrote is removed by life-cycle rules only.
        [for stores in [sort(local.writes[role])] : {
          Sid      = "WriteStores"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
          Resource = [for arn in stores : "${arn}/*"]
        } if length(stores) > 0],
        [for keys in [sort(var.encryption_keys)] : {
          Sid       = "UseKeysThroughS3"
          Effect    = "Allow"
          Action    = concat(["kms:Decrypt"], length(local.writes[role]) > 0 ? ["kms:GenerateDataKey"] : [])
          Resource  = keys
          Condition = { StringEquals = { "kms:ViaService" = "s3.${var.context.region}.amazonaws.com" } }
        } if length(keys) > 0 && length(local.reads[role]) > 0],
        # GetAuthorizationToken knows no resource; it gives a login, and the next statements say to what.
        [for repositories in [sort(local.pulls[role])] : {
          Sid      = "LogIn"
          Effect   = "Allow"
          Action   = "ecr:GetAuthorizationToken"
          Resource = "*"
        } if length(repositories) > 0],
        [for repositories in [sort(local.pulls[role])] : {
          Sid      = "Pull"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
          Resource = repositories
        } if length(repositories) > 0],
        [for repositories in [sort(local.pushes[role])] : {
          Sid      = "Push"
          Effect   = "Allow"
          Action   = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
          Resource = repositories
        } if length(repositories) > 0],
      )
    })
  }
}

resource "aws_iam_openid_connect_provider" "this" {
  for_each = local.issuers

  url            = "https://${each.value}"
  client_id_list = [local.audience]
  tags           = module.contract.tags
}

resource "aws_iam_role" "this" {
  for_each = local.trust_policies

  name                 = "${module.contract.names.role_prefix}-${each.key}"
  description          = "CI of ${var.context.repo}: ${each.key} in ${var.context.environment}"
  assume_role_policy   = each.value
  max_session_duration = 3600 # seconds; the shortest that IAM takes
  tags                 = module.contract.tags

  lifecycle {
    precondition {
      condition     = var.workflow == "" || local.github_com
      error_message = "workflow cannot be enforced for ${var.git.host}: STS knows job_workflow_ref for github.com only. Leave workflow empty and put job_workflow_ref into the subject there."
    }
    precondition {
      condition     = var.provider_id == "" || endswith(var.provider_id, ":oidc-provider/${local.issuer}")
      error_message = "provider_id is the provider of another issuer than ${var.git.host}'s. Allowed is the one of ${local.issuer}; give its ARN."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = local.permissions

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = each.value
}
