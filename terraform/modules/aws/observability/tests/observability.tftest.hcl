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
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:platform-platform-dev-alarms" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/a/group" }
  }
}

variables {
  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-1000"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  cluster_name       = "platform-platform-dev"
  network_id         = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0a", "subnet-0b", "subnet-0c"]
  alarm_emails       = ["ml-platform@example.com"]
}

run "logs_are_kept_a_year_and_alarms_reach_people" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 4 && alltrue([for group in values(aws_cloudwatch_log_group.this) : group.retention_in_days == 365 && group.kms_key_id == aws_kms_key.this.arn])
    error_message = "Logs lack an end or a key."
  }
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.cluster) : contains(alarm.alarm_actions, aws_sns_topic.alarms.arn)]) && keys(aws_sns_topic_subscription.alarms)[0] == "ml-platform@example.com"
    error_message = "An alarm reaches nobody."
  }
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.this.arn && strcontains(aws_kms_key.this.policy, "cloudwatch.amazonaws.com")
    error_message = "Alarms are not encrypted, or CloudWatch cannot encrypt them."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 4 && length(aws_opensearch_domain.this) == 0
    error_message = "The dashboard is empty, or OpenSearch is there although nobody asked for it."
  }
}

run "logs_are_searched_by_roles_over_tls_in_the_network" {
  command = plan

  variables {
    opensearch             = { enabled = true }
    master_role_arn        = "arn:aws:iam::123456789012:role/platform-admin"
    search_security_groups = { nodes = "sg-0123456789abcdef0" }
  }

  assert {
    condition = alltrue([
      one(aws_opensearch_domain.this["this"].encrypt_at_rest).enabled,
      one(aws_opensearch_domain.this["this"].node_to_node_encryption).enabled,
      one(aws_opensearch_domain.this["this"].domain_endpoint_options).enforce_https,
      startswith(one(aws_opensearch_domain.this["this"].domain_endpoint_options).tls_security_policy, "Policy-Min-TLS-1-2"),
    ])
    error_message = "Logs lie or travel in the clear."
  }
  assert {
    condition     = one(aws_opensearch_domain.this["this"].advanced_security_options).enabled && !one(aws_opensearch_domain.this["this"].advanced_security_options).internal_user_database_enabled
    error_message = "Whoever reaches the domain reads everything, or by a password."
  }
  assert {
    condition     = length(one(aws_opensearch_domain.this["this"].vpc_options).subnet_ids) == 3 && aws_vpc_security_group_ingress_rule.search["nodes"].referenced_security_group_id == "sg-0123456789abcdef0"
    error_message = "The domain stands outside of the network, or others reach it."
  }
  assert {
    condition     = contains([for log in aws_opensearch_domain.this["this"].log_publishing_options : log.log_type], "AUDIT_LOGS") && length(aws_cloudwatch_metric_alarm.search) == 3
    error_message = "Nobody knows who searched, or when the disk is full."
  }
}

run "a_domain_without_a_ruler_or_with_a_lopsided_zone_is_refused" {
  command = plan

  variables {
    opensearch = { enabled = true, nodes = 4 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "alarms_to_nobody_and_odd_names_are_refused" {
  command = plan

  variables {
    alarm_emails           = []
    cluster_name           = "a cluster"
    network_id             = "network"
    private_subnet_ids     = ["subnet-0a"]
    opensearch             = { node_type = "large" }
    search_security_groups = { nodes = "10.0.0.0/8" }
    log_days               = 1
  }

  expect_failures = [
    var.alarm_emails, var.cluster_name, var.network_id, var.private_subnet_ids, var.opensearch, var.search_security_groups, var.log_days,
  ]
}
