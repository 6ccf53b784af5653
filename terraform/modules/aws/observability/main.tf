# What is watched in an environment: logs with an end and a key, alarms that reach people, one dashboard, and where
# it is asked for an OpenSearch domain in the private subnets in which logs can be searched.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  name      = module.contract.names.base
  tags      = module.contract.tags
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  root      = "arn:${local.partition}:iam::${local.account}:root"

  # Container Insights chooses these names; made here first, so that they have a key and an end.
  insights = {
    application = "/aws/containerinsights/${var.cluster_name}/application"
    host        = "/aws/containerinsights/${var.cluster_name}/host"
    dataplane   = "/aws/containerinsights/${var.cluster_name}/dataplane"
    performance = "/aws/containerinsights/${var.cluster_name}/performance"
  }
  search_logs = var.opensearch.enabled ? { for kind in ["AUDIT_LOGS", "ES_APPLICATION_LOGS", "SEARCH_SLOW_LOGS"] : kind => "/aws/opensearch/${local.domain}/${lower(kind)}" } : {}
  log_groups  = merge(local.insights, local.search_logs)

  # OpenSearch takes 28 characters.
  domain  = length(local.name) <= 28 ? local.name : "${trim(substr(local.name, 0, 19), "-")}-${substr(sha256(local.name), 0, 8)}"
  domains = var.opensearch.enabled ? { this = local.domain } : {}

  # Alarms on what stops work for all teams; those of one model come with the model.
  alarms = {
    nodes-failed = { metric = "cluster_failed_node_count", threshold = 0, periods = 3, says = "a node of ${var.cluster_name} has failed" }
    node-memory  = { metric = "node_memory_utilization", threshold = 90, periods = 5, says = "nodes of ${var.cluster_name} run out of memory" }
    node-disk    = { metric = "node_filesystem_utilization", threshold = 85, periods = 5, says = "disks of nodes of ${var.cluster_name} fill up" }
  }
  search_alarms = var.opensearch.enabled ? {
    search-red    = { metric = "ClusterStatus.red", comparison = "GreaterThanOrEqualToThreshold", threshold = 1, statistic = "Maximum", says = "shards of ${local.domain} are lost" }
    search-full   = { metric = "FreeStorageSpace", comparison = "LessThanOrEqualToThreshold", threshold = var.opensearch.volume_gb * 1024 * 0.2, statistic = "Minimum", says = "a node of ${local.domain} has less than a fifth of its disk left" }
    search-refuse = { metric = "ClusterIndexWritesBlocked", comparison = "GreaterThanOrEqualToThreshold", threshold = 1, statistic = "Maximum", says = "${local.domain} takes no more logs" }
  } : {}

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
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [for name in values(local.log_groups) : "arn:${local.partition}:logs:${var.context.region}:${local.account}:log-group:${name}"]
          }
        }
      },
      {
        Sid       = "SendAlarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })

  topic_arn = "arn:${local.partition}:sns:${var.context.region}:${local.account}:${local.name}-alarms"
  topic_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "SendAlarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  # Inside, fine-grained access control decides by role; this only says who may knock.
  domain_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = local.root }
      Action    = "es:ESHttp*"
      Resource  = "arn:${local.partition}:es:${var.context.region}:${local.account}:domain/${local.domain}/*"
    }]
  })

  # CloudWatch wants this said by resource policy, not by role.
  search_log_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "es.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"]
      Resource  = "arn:${local.partition}:logs:${var.context.region}:${local.account}:log-group:/aws/opensearch/${local.domain}/*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })

  dashboard = jsonencode({
    widgets = [
      for index, it in [
        { title = "Nodes", metrics = ["cluster_node_count", "cluster_failed_node_count"] },
        { title = "Nodes: how full, in percent", metrics = ["node_cpu_utilization", "node_memory_utilization", "node_filesystem_utilization"] },
        { title = "GPUs: how busy, in percent", metrics = ["node_gpu_utilization", "node_gpu_memory_utilization"] },
        { title = "Pods that started again", metrics = ["pod_number_of_container_restarts"] },
        ] : {
        type   = "metric"
        x      = (index % 2) * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = it.title
          region  = var.context.region
          period  = 300
          stat    = "Average"
          metrics = [for metric in it.metrics : ["ContainerInsights", metric, "ClusterName", var.cluster_name]]
        }
      }
    ]
  })
}

resource "aws_kms_key" "this" {
  description             = "Encrypts logs and alarms of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy
  tags                    = merge(local.tags, { Name = "${local.name}-observability" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${module.contract.names.key_alias}-observability"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.this.arn
  tags              = local.tags
}

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.this.arn
  tags              = local.tags
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = local.topic_policy
}

# Each address has to say yes to a mail from AWS before it gets anything.
resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "cluster" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "Attention: ${each.value.says}."
  namespace           = "ContainerInsights"
  metric_name         = each.value.metric
  dimensions          = { ClusterName = var.cluster_name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60 # seconds
  evaluation_periods  = each.value.periods
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "search" {
  for_each = local.search_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "Attention: ${each.value.says}."
  namespace           = "AWS/ES"
  metric_name         = each.value.metric
  dimensions          = { ClientId = local.account, DomainName = local.domain }
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60 # seconds
  evaluation_periods  = 5
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name
  dashboard_body = local.dashboard
}

resource "aws_security_group" "search" {
  #checkov:skip=CKV2_AWS_5:It is attached to the domain below, which Checkov does not follow through for_each
  for_each = local.domains

  name        = "${local.name}-search"
  description = "Who reaches ${each.value}"
  vpc_id      = var.network_id
  tags        = merge(local.tags, { Name = "${local.name}-search" })
}

resource "aws_vpc_security_group_ingress_rule" "search" {
  for_each = length(local.domains) == 0 ? {} : var.search_security_groups

  security_group_id            = aws_security_group.search["this"].id
  description                  = "TLS from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = local.tags
}

resource "aws_cloudwatch_log_resource_policy" "search" {
  for_each = local.domains

  policy_name     = "${each.value}-search"
  policy_document = local.search_log_policy
}

resource "aws_opensearch_domain" "this" {
  #checkov:skip=CKV_AWS_317:AUDIT_LOGS stands in local.search_logs, which the dynamic block publishes
  for_each = local.domains

  domain_name     = each.value
  engine_version  = "OpenSearch_2.19"
  access_policies = local.domain_policy
  tags            = local.tags

  cluster_config {
    instance_type            = var.opensearch.node_type
    instance_count           = var.opensearch.nodes
    dedicated_master_enabled = true
    dedicated_master_count   = 3
    dedicated_master_type    = "m7g.large.search"
    zone_awareness_enabled   = true

    zone_awareness_config {
      availability_zone_count = min(3, length(var.private_subnet_ids))
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = var.opensearch.volume_gb
  }

  vpc_options {
    subnet_ids         = slice(var.private_subnet_ids, 0, min(3, length(var.private_subnet_ids)))
    security_group_ids = [aws_security_group.search["this"].id]
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = aws_kms_key.this.arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  advanced_security_options {
    enabled                        = true
    anonymous_auth_enabled         = false
    internal_user_database_enabled = false # roles only: a password would have to be kept somewhere

    master_user_options {
      master_user_arn = var.master_role_arn
    }
  }

  dynamic "log_publishing_options" {
    for_each = local.search_logs

    content {
      log_type                 = log_publishing_options.key
      cloudwatch_log_group_arn = aws_cloudwatch_log_group.this[log_publishing_options.key].arn
    }
  }

  auto_tune_options {
    desired_state = "ENABLED"
  }

  lifecycle {
    precondition {
      condition     = can(regex("^arn:[^:*?]+:iam::[0-9]{12}:role/[^*?]+$", var.master_role_arn))
      error_message = "master_role_arn is no ARN of a role. A domain needs one that rules it: arn:aws:iam::<account>:role/<name>; without it nobody could let anybody in."
    }
    precondition {
      condition     = var.opensearch.nodes % min(3, length(var.private_subnet_ids)) == 0
      error_message = "opensearch.nodes is ${var.opensearch.nodes} for ${min(3, length(var.private_subnet_ids))} zones. Allowed is a multiple of the number of zones, or one zone would hold more than its share."
    }
  }

  depends_on = [aws_cloudwatch_log_resource_policy.search]
}
