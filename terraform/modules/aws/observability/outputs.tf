output "log_group_names" {
  description = "Log groups by what they hold."
  value       = { for kind, group in aws_cloudwatch_log_group.this : kind => group.name }
}

output "alarm_topic_id" {
  description = "ARN of the topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_name" {
  description = "Name of the dashboard in CloudWatch."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "opensearch_endpoint" {
  description = "Host of OpenSearch; empty where there is none."
  value       = try(aws_opensearch_domain.this["this"].endpoint, "")
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region              = var.context.region
    alarm_topic         = aws_sns_topic.alarms.arn
    dashboard_name      = aws_cloudwatch_dashboard.this.dashboard_name
    opensearch_endpoint = try(aws_opensearch_domain.this["this"].endpoint, "")
  }
}
