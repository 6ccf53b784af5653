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
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/gleis/dev/platform/platform/network" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/flow-logs" }
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

  cidr = "10.20.0.0/16"
}

run "nodes_stand_in_private_subnets_that_do_not_overlap" {
  command = plan

  assert {
    condition     = join(" ", sort([for subnet in values(aws_subnet.private) : subnet.cidr_block])) == "10.20.0.0/18 10.20.128.0/18 10.20.64.0/18"
    error_message = "The zones do not share the network evenly."
  }
  assert {
    condition     = join(" ", sort([for subnet in values(aws_subnet.public) : subnet.cidr_block])) == "10.20.192.0/22 10.20.196.0/22 10.20.200.0/22"
    error_message = "The public subnets do not lie in the last quarter."
  }
  assert {
    condition     = alltrue([for subnet in values(aws_subnet.public) : !subnet.map_public_ip_on_launch])
    error_message = "Whatever starts in a public subnet gets a public address."
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.private) == 3
    error_message = "The zones do not share one gateway."
  }
  assert {
    condition     = alltrue([for subnet in values(aws_subnet.private) : subnet.tags["kubernetes.io/role/internal-elb"] == "1" && subnet.tags["cost-center"] == "CC-1000"])
    error_message = "EKS does not find the subnets, or nobody pays for them."
  }
}

run "what_is_handed_on_as_private_is_private" {
  command = plan

  override_resource {
    target          = aws_subnet.private
    values          = { id = "private" }
    override_during = plan
  }
  override_resource {
    target          = aws_subnet.public
    values          = { id = "public" }
    override_during = plan
  }

  assert {
    condition     = join(" ", output.private_subnet_ids) == "private private private"
    error_message = "Nodes would be given a public subnet."
  }
  assert {
    condition     = join(" ", output.public_subnet_ids) == "public public public"
    error_message = "Load balancers would be given a private subnet."
  }
}

run "the_cloud_is_reached_from_inside_and_all_that_flows_is_logged" {
  command = plan

  assert {
    condition     = join(" ", sort(keys(aws_vpc_endpoint.this))) == "ecr.api ecr.dkr eks-auth kms logs monitoring secretsmanager sts" && aws_vpc_endpoint.storage["storage"].vpc_endpoint_type == "Gateway"
    error_message = "A service is reached through the internet."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints.from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints.to_port == 443
    error_message = "The end-points answer others than the network."
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_cloudwatch_log_group.this.kms_key_id == aws_kms_key.this.arn
    error_message = "Flow logs lack something: all traffic, a year, a key."
  }
}

run "without_a_gateway_nothing_leads_out" {
  command = plan

  variables {
    nat   = "none"
    zones = 2
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.private) == 0 && length(aws_subnet.private) == 2
    error_message = "A private subnet leads to the internet."
  }
}

run "a_public_range_one_zone_and_odd_words_are_refused" {
  command = plan

  variables {
    cidr              = "8.8.0.0/16"
    zones             = 1
    nat               = "always"
    private_endpoints = ["everything"]
    flow_log_days     = 7
  }

  expect_failures = [var.cidr, var.zones, var.nat, var.private_endpoints, var.flow_log_days]
}
