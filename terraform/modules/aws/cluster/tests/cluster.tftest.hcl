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
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/one-of-the-cluster" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
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

  network_id         = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0a", "subnet-0b", "subnet-0c"]
  admin_groups       = ["arn:aws:iam::123456789012:role/platform-admin"]
}

run "the_api_is_private_and_its_secrets_are_encrypted" {
  command = plan

  assert {
    condition     = one(aws_eks_cluster.this.vpc_config).endpoint_private_access && !one(aws_eks_cluster.this.vpc_config).endpoint_public_access
    error_message = "The API can be reached from outside."
  }
  assert {
    condition     = contains(one(aws_eks_cluster.this.encryption_config).resources, "secrets") && one(one(aws_eks_cluster.this.encryption_config).provider).key_arn == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation
    error_message = "Secrets are not encrypted by a key of the cluster's own that rotates."
  }
  assert {
    condition     = one(aws_eks_cluster.this.access_config).authentication_mode == "API" && !one(aws_eks_cluster.this.access_config).bootstrap_cluster_creator_admin_permissions
    error_message = "Others than the groups administer the cluster."
  }
  assert {
    condition     = join(" ", keys(aws_eks_access_policy_association.admins)) == "arn:aws:iam::123456789012:role/platform-admin"
    error_message = "The groups do not administer the cluster, or others do."
  }
  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_cloudwatch_log_group.this.kms_key_id == aws_kms_key.this.arn
    error_message = "A log of the control plane is not kept for a year, or not encrypted."
  }
}

run "a_pod_cannot_use_the_identity_of_its_node" {
  command = plan

  assert {
    condition     = one(aws_launch_template.system.metadata_options).http_tokens == "required" && one(aws_launch_template.system.metadata_options).http_put_response_hop_limit == 1
    error_message = "A pod can ask for the identity of its node."
  }
  assert {
    condition     = one(one(aws_launch_template.system.block_device_mappings).ebs).encrypted == "true" && one(one(aws_launch_template.system.block_device_mappings).ebs).kms_key_id == aws_kms_key.this.arn
    error_message = "The disks of nodes are not encrypted by the cluster's key."
  }
  assert {
    condition     = join(" ", sort([for key, each in aws_iam_role_policy_attachment.this : each.policy_arn if contains(["join", "pull"], key)])) == "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    error_message = "Nodes may do more than join and pull."
  }
  assert {
    condition     = join(" ", keys(aws_eks_addon.this)) == "aws-ebs-csi-driver coredns eks-pod-identity-agent kube-proxy vpc-cni" && length(aws_eks_addon.this["vpc-cni"].pod_identity_association) == 1
    error_message = "An add-on is missing, or takes its rights from the nodes."
  }
}

run "a_given_range_reaches_the_api_and_no_other" {
  command = plan

  variables {
    api_allowed_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = one(aws_eks_cluster.this.vpc_config).endpoint_public_access && one(one(aws_eks_cluster.this.vpc_config).public_access_cidrs) == "203.0.113.0/24"
    error_message = "The API is public for others than the given range."
  }
}

run "an_open_api_no_admin_and_an_old_version_are_refused" {
  command = plan

  variables {
    api_allowed_cidrs  = ["0.0.0.0/0"]
    admin_groups       = []
    kubernetes_version = "1.27"
    private_subnet_ids = ["subnet-0a"]
    system_nodes       = { min = 1, max = 1 }
    network_id         = "network"
    log_days           = 1
  }

  expect_failures = [
    var.api_allowed_cidrs, var.admin_groups, var.kubernetes_version, var.private_subnet_ids, var.system_nodes, var.network_id, var.log_days,
  ]
}
