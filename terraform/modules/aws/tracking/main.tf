# What MLflow stands on: a PostgreSQL that only the given security groups reach, by TLS, and a bucket for
# the artefacts of its runs. RDS makes and rotates the master password, so it stands in no state and in
# no file. Its logs are kept encrypted for a year.

module "contract" {
  source  = "../../contract"
  context = var.context
}

module "artifacts" {
  source = "../artifact-store"

  context       = var.context
  purpose       = "artifacts"
  log_store_id  = var.log_store_id
  force_destroy = !var.deletion_protection
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  name    = module.contract.names.database
  port    = 5432
  engine  = "17" # the major version; RDS takes the newest minor one
  account = data.aws_caller_identity.this.account_id
  root    = "arn:${data.aws_partition.this.partition}:iam::${local.account}:root"
  tags    = merge(module.contract.tags, { Name = local.name })

  # RDS writes into these names; made here first, so that they have a key and an end.
  log_groups = { for log in ["postgresql", "upgrade"] : log => "/aws/rds/instance/${local.name}/${log}" }

  key_policy = jsonencode({
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
            "kms:EncryptionContext:aws:logs:arn" = [
              for name in values(local.log_groups) : "arn:${data.aws_partition.this.partition}:logs:${var.context.region}:${local.account}:log-group:${name}"
            ]
          }
        }
      },
    ]
  })

  monitoring_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_kms_key" "this" {
  description             = "Encrypts the database ${local.name}, its password, its logs and its figures"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${module.contract.names.key_alias}-database"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = 365
  kms_key_id        = aws_kms_key.this.arn
  tags              = module.contract.tags
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "Who reaches the database ${local.name}"
  vpc_id      = var.network_id
  tags        = local.tags
}

# No rule lets the database out: it answers, it never asks.
resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = var.allowed_security_groups

  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  tags                         = module.contract.tags
}

resource "aws_db_subnet_group" "this" {
  name        = local.name
  description = "Private subnets of ${local.name}"
  subnet_ids  = var.private_subnet_ids
  tags        = local.tags
}

resource "aws_db_parameter_group" "this" {
  # A new major version gets a new group beside the old one, which is still in use then.
  name        = "${local.name}-postgres${local.engine}"
  family      = "postgres${local.engine}"
  description = "TLS and logs of ${local.name}"
  tags        = local.tags

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Changes of the schema are logged, data never is: run names may be confidential.
  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000" # ms
  }

  parameter {
    name  = "log_connections"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "monitoring" {
  name               = "${module.contract.names.role_prefix}-rds"
  description        = "Sends the figures of ${local.name} to CloudWatch"
  assume_role_policy = local.monitoring_trust
  tags               = module.contract.tags
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  identifier     = local.name
  engine         = "postgres"
  engine_version = local.engine
  instance_class = var.instance_class
  db_name        = "mlflow"
  port           = local.port
  tags           = local.tags

  username                            = "mlflow_admin"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = aws_kms_key.this.arn
  iam_database_authentication_enabled = true

  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb * 4 # grows by itself before it is full
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this.arn

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  multi_az               = true # without it every training stops with one data centre

  backup_retention_period   = var.backup_days
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${local.name}-last"

  auto_minor_version_upgrade = true
  backup_window              = "01:00-02:00"         # UTC
  maintenance_window         = "sun:02:30-sun:03:30" # UTC

  enabled_cloudwatch_logs_exports       = sort(keys(local.log_groups))
  monitoring_interval                   = 60 # seconds
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.this.arn
  performance_insights_retention_period = 7 # days; longer is paid

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy_attachment.monitoring]
}
