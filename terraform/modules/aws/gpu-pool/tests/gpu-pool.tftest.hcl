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

  cluster_name       = "platform-platform-dev"
  private_subnet_ids = ["subnet-0a", "subnet-0b"]
  node_identity      = "arn:aws:iam::123456789012:role/nodes"
  name               = "training"
  gpu_type           = "t4"
  nodes              = { max = 4 }
}

run "an_idle_pool_is_empty_and_keeps_others_out" {
  command = plan

  assert {
    condition     = one(aws_eks_node_group.this.scaling_config).min_size == 0 && one(aws_eks_node_group.this.scaling_config).desired_size == 0
    error_message = "The pool costs money while nobody trains."
  }
  assert {
    condition     = one(aws_eks_node_group.this.taint).key == "nvidia.com/gpu" && one(aws_eks_node_group.this.taint).effect == "NO_SCHEDULE"
    error_message = "Pods land here that asked for no GPU."
  }
  assert {
    condition     = aws_eks_node_group.this.tags["k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu"] == "1" && aws_eks_node_group.this.labels["gleis.dev/gpu-type"] == "t4"
    error_message = "An autoscaler cannot know what the empty pool would bring."
  }
  assert {
    condition     = output.instance_type == "g4dn.2xlarge" && output.gpus_max == 4 && aws_eks_node_group.this.capacity_type == "ON_DEMAND" && aws_eks_node_group.this.ami_type == "AL2023_x86_64_NVIDIA"
    error_message = "The nodes are not the ones that were asked for."
  }
  assert {
    condition     = one(aws_launch_template.this.metadata_options).http_tokens == "required" && one(one(aws_launch_template.this.block_device_mappings).ebs).encrypted == "true"
    error_message = "A pod can use its node's identity, or disks are not encrypted."
  }
}

run "reserved_nodes_with_a_fast_network_stand_together" {
  command = plan

  variables {
    gpu_type       = "h100"
    gpus_per_node  = 8
    fast_network   = true
    reservation_id = "cr-0123456789abcdef0"
  }

  assert {
    condition     = length(aws_launch_template.this.network_interfaces) == 32 && one([for card in aws_launch_template.this.network_interfaces : card.interface_type if card.network_card_index == 0]) == "efa"
    error_message = "A network card is missing."
  }
  assert {
    condition     = aws_placement_group.this["training"].strategy == "cluster" && length(aws_eks_node_group.this.subnet_ids) == 1
    error_message = "The nodes do not stand together."
  }
  assert {
    condition     = aws_eks_node_group.this.capacity_type == "CAPACITY_BLOCK" && aws_eks_node_group.this.labels["gleis.dev/capacity"] == "reserved"
    error_message = "What was reserved is not used."
  }
}

run "a_node_that_does_not_exist_is_refused_in_words" {
  command = plan

  variables {
    gpu_type      = "a100"
    gpus_per_node = 1
  }

  expect_failures = [aws_eks_node_group.this]
}

run "odd_names_types_and_sizes_are_refused" {
  command = plan

  variables {
    name           = "My Pool"
    gpus_per_node  = 3
    nodes          = { min = 3, max = 2 }
    cluster_name   = "a cluster"
    node_identity  = "arn:aws:iam::123456789012:role/*"
    reservation_id = "next week"
  }

  expect_failures = [
    var.name, var.gpus_per_node, var.nodes, var.cluster_name, var.node_identity, var.reservation_id,
  ]
}
