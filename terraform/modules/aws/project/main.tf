# What one ML project gets in one environment: a repository for its images, stores for artefacts and data,
# roles for its CI, a budget, a log group, and an identity for its pods that reaches its own stores and
# nothing else. Nobody gets a key.

module "contract" {
  source  = "../../contract"
  context = var.context
}

module "artifacts" {
  source = "../artifact-store"

  context       = var.context
  purpose       = "artifacts"
  log_store_id  = var.log_store_id
  force_destroy = var.force_destroy
}

module "data" {
  source = "../artifact-store"

  context       = var.context
  purpose       = "data"
  tiers         = var.data_tiers
  log_store_id  = var.log_store_id
  force_destroy = var.force_destroy
}

module "registry" {
  source = "../registry"

  context         = var.context
  repositories    = [var.context.project]
  pull_identities = [module.ci_identity.deploy_identity]
  push_identities = [module.ci_identity.build_identity]
  force_destroy   = var.force_destroy
}

module "ci_identity" {
  source = "../ci-identity"

  context           = var.context
  git               = var.git
  jenkins           = var.jenkins
  provider_id       = var.provider_id
  read_stores       = [module.data.store_arn]
  write_stores      = [module.artifacts.store_arn]
  push_repositories = [module.registry.repository_ids[var.context.project]]
  encryption_keys   = [module.artifacts.encryption_key_id, module.data.encryption_key_id]
  workflow          = var.workflow
}

module "budget" {
  source = "../budget"

  context        = var.context
  monthly_budget = var.monthly_budget
  emails         = var.budget_emails
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  root    = "arn:${data.aws_partition.this.partition}:iam::${local.account}:root"

  # The same rule as the tenants' records and the chart: the namespace is team-project-environment, and
  # the pods that train and serve run under an account named after the project.
  namespace       = module.contract.names.base
  service_account = var.context.project

  log_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = local.root }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EncryptLogs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.context.region}.${data.aws_partition.this.dns_suffix}" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = {
          ArnEquals = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${data.aws_partition.this.partition}:logs:${var.context.region}:${local.account}:log-group:${module.contract.names.log_group}"
          }
        }
      },
    ]
  })

  # EKS names cluster, namespace and account of the pod as tags of the session; without these conditions
  # whoever may make an association could hand the role to any pod.
  workload_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PodsOfTheProject"
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        StringEquals = {
          "aws:SourceAccount"                         = local.account
          "aws:RequestTag/eks-cluster-name"           = var.cluster_name
          "aws:RequestTag/kubernetes-namespace"       = local.namespace
          "aws:RequestTag/kubernetes-service-account" = local.service_account
        }
      }
    }]
  })

  workload_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Action    = "*"
        Resource  = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid      = "ListStores"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [module.artifacts.store_arn, module.data.store_arn]
      },
      {
        Sid      = "ReadStores"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${module.artifacts.store_arn}/*", "${module.data.store_arn}/*"]
      },
      # Training writes models, batch serving writes predictions; neither can change what it learned from.
      {
        Sid      = "WriteModelsAndPredictions"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = ["${module.artifacts.store_arn}/*", "${module.data.store_arn}/predictions/*"]
      },
      {
        Sid       = "UseKeysThroughS3"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [module.artifacts.encryption_key_id, module.data.encryption_key_id]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.context.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_kms_key" "this" {
  description             = "Encrypts the logs of ${module.contract.names.base}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.log_key_policy
  tags                    = merge(module.contract.tags, { Name = "${module.contract.names.base}-logs" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${module.contract.names.key_alias}-logs"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_cloudwatch_log_group" "this" {
  name              = module.contract.names.log_group
  retention_in_days = 365
  kms_key_id        = aws_kms_key.this.arn
  tags              = module.contract.tags
}

resource "aws_iam_role" "workload" {
  name               = "${module.contract.names.role_prefix}-workload"
  description        = "Pods of ${var.context.team}/${var.context.project} in ${var.context.environment}"
  assume_role_policy = local.workload_trust
  tags               = module.contract.tags
}

resource "aws_iam_role_policy" "workload" {
  name   = "stores"
  role   = aws_iam_role.workload.id
  policy = local.workload_policy
}

resource "aws_eks_pod_identity_association" "this" {
  cluster_name    = var.cluster_name
  namespace       = local.namespace
  service_account = local.service_account
  role_arn        = aws_iam_role.workload.arn
  tags            = module.contract.tags

  # A pod that starts before the rights are there would fail once and look broken.
  depends_on = [aws_iam_role_policy.workload]
}
