# A pool of GPU nodes of one cluster that is empty when nobody trains. Nothing lands on it that did not ask for
# a GPU; spot and reserved capacity are the same pool with another way to pay.

module "contract" {
  source  = "../../contract"
  context = var.context
}

locals {
  tags = module.contract.tags

  # GPU type => GPUs per node => instance type. Sources: https://aws.amazon.com/ec2/instance-types/ (g4dn, g5, g6,
  # p4d, p4de, p5), read in November 2026. Those that EFA reaches are in `fast`, by their number of network cards.
  types = {
    t4   = { 1 = "g4dn.2xlarge", 4 = "g4dn.12xlarge", 8 = "g4dn.metal" }
    a10g = { 1 = "g5.2xlarge", 4 = "g5.12xlarge", 8 = "g5.48xlarge" }
    l4   = { 1 = "g6.2xlarge", 4 = "g6.12xlarge", 8 = "g6.48xlarge" }
    a100 = { 8 = "p4d.24xlarge" }
    h100 = { 1 = "p5.4xlarge", 8 = "p5.48xlarge" }
  }
  fast = {
    "g4dn.12xlarge" = 1, "g4dn.metal" = 1, "g5.12xlarge" = 1, "g5.48xlarge" = 1, "g6.12xlarge" = 1, "g6.48xlarge" = 1
    "p4d.24xlarge"  = 4, "p5.48xlarge" = 32
  }

  offered  = local.types[var.gpu_type]
  instance = lookup(local.offered, tostring(var.gpus_per_node), "")
  cards    = lookup(local.fast, local.instance, 0)
  capacity = var.reservation_id != "" ? "CAPACITY_BLOCK" : var.spot ? "SPOT" : "ON_DEMAND"

  # The first card carries all other traffic, too; the rest do nothing but EFA.
  interfaces = var.fast_network ? range(local.cards) : []

  taints = [{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }]
  effect = { NoSchedule = "NO_SCHEDULE", PreferNoSchedule = "PREFER_NO_SCHEDULE", NoExecute = "NO_EXECUTE" }
  labels = {
    "gleis.dev/pool"     = var.name
    "gleis.dev/gpu-type" = var.gpu_type
    "gleis.dev/capacity" = var.reservation_id != "" ? "reserved" : var.spot ? "spot" : "on-demand"
  }

  # An empty pool has no node that an autoscaler could look at; it reads these instead.
  template_tags = merge(
    { for key, value in local.labels : "k8s.io/cluster-autoscaler/node-template/label/${key}" => value },
    { for taint in local.taints : "k8s.io/cluster-autoscaler/node-template/taint/${taint.key}" => "${taint.value}:${taint.effect}" },
    { "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu" = tostring(var.gpus_per_node) },
  )
}

resource "aws_placement_group" "this" {
  for_each = var.fast_network ? toset([var.name]) : toset([])

  name     = "${var.cluster_name}-${each.value}"
  strategy = "cluster"
  tags     = local.tags
}

resource "aws_launch_template" "this" {
  name                   = "${var.cluster_name}-${var.name}"
  description            = "GPU nodes ${var.name} of ${var.cluster_name}"
  update_default_version = true
  instance_type          = local.instance
  tags                   = local.tags

  # With one hop a pod cannot reach the node's own identity.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  monitoring {
    enabled = true
  }

  # Images with CUDA are large, and so are the shards of a data set that a training keeps near.
  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = 300 # GB
      volume_type           = "gp3"
      throughput            = 500 # MB/s
      iops                  = 6000
      encrypted             = true
      delete_on_termination = true
    }
  }

  dynamic "network_interfaces" {
    for_each = local.interfaces

    content {
      network_card_index    = network_interfaces.value
      device_index          = network_interfaces.value == 0 ? 0 : 1
      interface_type        = network_interfaces.value == 0 ? "efa" : "efa-only"
      delete_on_termination = true
    }
  }

  dynamic "placement" {
    for_each = aws_placement_group.this

    content {
      group_name = placement.value.name
    }
  }

  dynamic "instance_market_options" {
    for_each = local.capacity == "CAPACITY_BLOCK" ? [1] : []

    content {
      market_type = "capacity-block"
    }
  }

  dynamic "capacity_reservation_specification" {
    for_each = var.reservation_id == "" ? [] : [var.reservation_id]

    content {
      capacity_reservation_target {
        capacity_reservation_id = capacity_reservation_specification.value
      }
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${var.cluster_name}-${var.name}" })
    }
  }
}

resource "aws_eks_node_group" "this" {
  cluster_name    = var.cluster_name
  node_group_name = var.name
  node_role_arn   = var.node_identity
  # One zone's placement group cannot span two; EFA does not leave its subnet either.
  subnet_ids    = var.fast_network ? slice(var.private_subnet_ids, 0, 1) : var.private_subnet_ids
  ami_type      = "AL2023_x86_64_NVIDIA"
  capacity_type = local.capacity
  labels        = local.labels
  tags          = merge(local.tags, local.template_tags)

  scaling_config {
    min_size     = var.nodes.min
    desired_size = var.nodes.min
    max_size     = var.nodes.max
  }

  dynamic "taint" {
    for_each = local.taints

    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = local.effect[taint.value.effect]
    }
  }

  update_config {
    max_unavailable = 1
  }

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size] # the autoscaler's

    precondition {
      condition     = local.instance != ""
      error_message = "AWS has no ${var.gpu_type} node with ${var.gpus_per_node} GPUs. Allowed for ${var.gpu_type} are ${join(", ", keys(local.offered))}."
    }
    precondition {
      condition     = !var.fast_network || local.cards > 0
      error_message = "${local.instance} has no EFA. Leave out fast_network, or take a node with more GPUs: ${join(", ", keys(local.fast))}."
    }
    precondition {
      condition     = !(var.spot && var.reservation_id != "")
      error_message = "spot and reservation_id exclude each other: reserved capacity is paid for already. Set one of them."
    }
  }
}
