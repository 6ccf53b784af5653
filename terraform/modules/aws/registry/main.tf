# Image repositories of one owner: a tag never moves, each push is scanned, the images are encrypted by a
# key of their own, old ones expire. Who may pull and push stands here by exact ARN, beside what IAM says.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  root    = "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"
  pushers = sort(var.push_identities)
  pullers = sort(setunion(var.pull_identities, var.push_identities))

  # ECR makes its own grants on the key, with the rights of whoever makes the repository.
  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Administer"
      Effect    = "Allow"
      Principal = { AWS = local.root }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })

  repository_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # Always there, so that a repository without identities has a policy too.
      [{
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "ecr:*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for identities in [local.pullers] : {
        Sid       = "Pull"
        Effect    = "Allow"
        Principal = { AWS = identities }
        Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
      } if length(identities) > 0],
      [for identities in [local.pushers] : {
        Sid       = "Push"
        Effect    = "Allow"
        Principal = { AWS = identities }
        Action    = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
      } if length(identities) > 0],
    )
  })

  lifecycle_policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Images that lost their tag, or never had one"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = var.untagged_days
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2 # a rule for `any` must come last
        description  = "All but the newest"
        selection = {
          tagStatus   = "any"
          countType   = "imageCountMoreThan"
          countNumber = var.keep_images
        }
        action = { type = "expire" }
      },
    ]
  })
}

resource "aws_kms_key" "this" {
  description             = "Encrypts the images of ${module.contract.names.base}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy
  tags                    = merge(module.contract.tags, { Name = "${module.contract.names.base}-images" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${module.contract.names.key_alias}-images"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_ecr_repository" "this" {
  for_each = var.repositories

  name                 = "${module.contract.names.registry}/${each.value}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_destroy
  tags                 = module.contract.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this.arn
  }
}

resource "aws_ecr_repository_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy     = local.repository_policy
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy     = local.lifecycle_policy
}
