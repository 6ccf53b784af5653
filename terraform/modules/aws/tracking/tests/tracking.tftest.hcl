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

run "the_database_is_private_encrypted_and_forces_tls" {
  command = plan

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.multi_az
    error_message = "The database can be reached from outside, or stands in one zone only."
  }
  assert {
    condition = alltrue([
      aws_db_instance.this.storage_encrypted,
      aws_db_instance.this.kms_key_id == aws_kms_key.this.arn,
      aws_db_instance.this.master_user_secret_kms_key_id == aws_kms_key.this.arn,
      aws_db_instance.this.performance_insights_kms_key_id == aws_kms_key.this.arn,
      aws_kms_key.this.enable_key_rotation,
    ])
    error_message = "Storage, password or figures are not encrypted by the database's own key."
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password
    error_message = "The master password would stand in the state."
  }
  assert {
    condition     = contains([for each in aws_db_parameter_group.this.parameter : "${each.name}=${each.value}"], "rds.force_ssl=1")
    error_message = "The database takes connections without TLS."
  }
  assert {
    condition = alltrue([
      for rule in values(aws_vpc_security_group_ingress_rule.this) :
      rule.referenced_security_group_id == "sg-0123456789abcdef0" && rule.from_port == 5432 && rule.to_port == 5432
    ])
    error_message = "Others than the given security groups reach the database."
  }
}

run "the_database_can_be_restored_and_is_watched" {
  command = plan

  assert {
    condition     = aws_db_instance.this.backup_retention_period == 14 && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "The database could be lost: no backups, no protection or no last snapshot."
  }
  assert {
    condition     = aws_db_instance.this.monitoring_interval == 60 && toset(aws_db_instance.this.enabled_cloudwatch_logs_exports) == toset(["postgresql", "upgrade"])
    error_message = "Figures or logs are not kept."
  }
  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.this) : group.retention_in_days == 365 && group.kms_key_id == aws_kms_key.this.arn])
    error_message = "Logs are not encrypted, or not kept for a year."
  }
  assert {
    condition     = aws_db_instance.this.tags["cost-center"] == "CC-4700" && aws_db_instance.this.copy_tags_to_snapshot
    error_message = "Database or snapshots lack their cost tags."
  }
}

run "an_address_range_one_zone_and_no_backup_are_refused" {
  command = plan

  variables {
    network_id              = "10.0.0.0/16"
    private_subnet_ids      = ["subnet-0123456789abcdef0"]
    allowed_security_groups = { nodes = "0.0.0.0/0" }
    backup_days             = 0
    storage_gb              = 5
    instance_class          = "large"
  }

  expect_failures = [
    var.network_id, var.private_subnet_ids, var.allowed_security_groups, var.backup_days, var.storage_gb, var.instance_class,
  ]
}
