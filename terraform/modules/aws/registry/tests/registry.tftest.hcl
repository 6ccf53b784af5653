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

  repositories    = ["lane-detection"]
  pull_identities = ["arn:aws:iam::123456789012:role/nodes"]
  push_identities = ["arn:aws:iam::123456789012:role/build"]
}

run "a_tag_never_moves_and_each_push_is_scanned" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this["lane-detection"].image_tag_mutability == "IMMUTABLE"
    error_message = "A tag can be moved to another image."
  }
  assert {
    condition     = one(aws_ecr_repository.this["lane-detection"].image_scanning_configuration).scan_on_push
    error_message = "Images are not scanned on push."
  }
  assert {
    condition = alltrue([
      one(aws_ecr_repository.this["lane-detection"].encryption_configuration).encryption_type == "KMS",
      one(aws_ecr_repository.this["lane-detection"].encryption_configuration).kms_key == aws_kms_key.this.arn,
      aws_kms_key.this.enable_key_rotation,
    ])
    error_message = "The images are not encrypted by a key of their own that rotates."
  }
  assert {
    condition     = endswith(aws_ecr_repository.this["lane-detection"].name, "/lane-detection") && aws_ecr_repository.this["lane-detection"].tags["cost-center"] == "CC-4720"
    error_message = "The repository lacks its name or its tags."
  }
  assert {
    condition     = !aws_ecr_repository.this["lane-detection"].force_delete
    error_message = "Images go with the repository although nobody asked for it."
  }
}

run "only_the_given_roles_pull_and_push" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(aws_ecr_repository_policy.this["lane-detection"].policy).Statement : statement.Sid => statement.Principal.AWS
      if statement.Effect == "Allow"
      } == {
      Pull = ["arn:aws:iam::123456789012:role/build", "arn:aws:iam::123456789012:role/nodes"]
      Push = ["arn:aws:iam::123456789012:role/build"]
    }
    error_message = "Others than the given roles may pull or push."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_ecr_repository_policy.this["lane-detection"].policy).Statement :
      !contains(flatten([statement.Action]), "ecr:PutImage") || statement.Sid == "Push"
    ])
    error_message = "A role that may only pull can push."
  }
}

run "old_images_expire_the_untagged_ones_first" {
  command = plan

  variables {
    keep_images   = 7
    untagged_days = 3
  }

  assert {
    condition = [
      for rule in jsondecode(aws_ecr_lifecycle_policy.this["lane-detection"].policy).rules : [rule.rulePriority, rule.selection.tagStatus, rule.selection.countNumber]
    ] == [[1, "untagged", 3], [2, "any", 7]]
    error_message = "Images do not expire as was asked for."
  }
}

run "wildcard_roles_and_odd_names_are_refused" {
  command = plan

  variables {
    repositories    = ["Lane Detection"]
    pull_identities = ["arn:aws:iam::123456789012:role/*"]
    push_identities = ["*"]
    keep_images     = 1
  }

  expect_failures = [var.repositories, var.pull_identities, var.push_identities, var.keep_images]
}
