# A Kubernetes cluster of an environment: its API is private, its secrets are encrypted by a key of its own, each
# of its logs is kept, people come in through groups only, and pods get their rights from pod identities, never
# from the nodes they run on.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  name      = module.contract.names.cluster
  tags      = module.contract.tags
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  policies  = "arn:${local.partition}:iam::aws:policy"
  log_group = "/aws/eks/${local.name}/cluster" # EKS chooses this name; made here first, so that it has a key and an end
  log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  node_type = var.system_nodes.type != "" ? var.system_nodes.type : "m7i.large"

  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
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
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.context.region}:${local.account}:log-group:${local.log_group}"
          }
        }
      },
      # The disks of nodes: whoever starts nodes asks EC2, which asks for the key.
      {
        Sid       = "EncryptDisks"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" }
        Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
      },
    ]
  })

  # By role: who may take it.
  trust = {
    for role, service in { cluster = "eks.amazonaws.com", nodes = "ec2.amazonaws.com", addons = "pods.eks.amazonaws.com" } :
    role => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = service }
        Action    = role == "nodes" ? ["sts:AssumeRole"] : ["sts:AssumeRole", "sts:TagSession"]
      }]
    })
  }

  # Nodes read images and join; the network and disks are the business of two add-ons with roles of their own.
  attachments = {
    cluster = { role = "cluster", policy = "${local.policies}/AmazonEKSClusterPolicy" }
    join    = { role = "nodes", policy = "${local.policies}/AmazonEKSWorkerNodePolicy" }
    pull    = { role = "nodes", policy = "${local.policies}/AmazonEC2ContainerRegistryPullOnly" }
    network = { role = "network", policy = "${local.policies}/AmazonEKS_CNI_Policy" }
    disks   = { role = "disks", policy = "${local.policies}/service-role/AmazonEBSCSIDriverPolicy" }
  }
  roles = {
    cluster = { trust = local.trust.cluster, purpose = "Runs the control plane of ${local.name}" }
    nodes   = { trust = local.trust.nodes, purpose = "Nodes of ${local.name}" }
    network = { trust = local.trust.addons, purpose = "Gives pods of ${local.name} their addresses" }
    disks   = { trust = local.trust.addons, purpose = "Makes disks for pods of ${local.name}" }
  }

  # Add-on => the account its pods run under and the role that this gets, where it needs one.
  addons = {
    eks-pod-identity-agent = null
    kube-proxy             = null
    coredns                = null
    vpc-cni                = { account = "aws-node", role = "network" }
    aws-ebs-csi-driver     = { account = "ebs-csi-controller-sa", role = "disks" }
  }
}

resource "aws_kms_key" "this" {
  description             = "Encrypts secrets, logs and disks of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy
  tags                    = merge(local.tags, { Name = "${local.name}-cluster" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${module.contract.names.key_alias}-cluster"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.this.arn
  tags              = local.tags
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${module.contract.names.role_prefix}-${each.key}"
  description        = each.value.purpose
  assume_role_policy = each.value.trust
  tags               = local.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.attachments

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = each.value.policy
}

resource "aws_eks_cluster" "this" {
  #checkov:skip=CKV_AWS_38:The API is public only for api_allowed_cidrs, which refuses the whole internet
  #checkov:skip=CKV_AWS_39:The API is private unless api_allowed_cidrs names who else may reach it
  name                      = local.name
  role_arn                  = aws_iam_role.this["cluster"].arn
  version                   = var.kubernetes_version
  enabled_cluster_log_types = local.log_types
  tags                      = local.tags

  # The add-ons below, in versions that Terraform knows of.
  bootstrap_self_managed_addons = false

  # Whoever applies gets no rights inside; groups do.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = aws_kms_key.this.arn
    }
  }

  # A version that left support is upgraded by AWS, not kept at six times the price.
  upgrade_policy {
    support_type = "STANDARD"
  }

  vpc_config {
    subnet_ids              = var.private_subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = length(var.api_allowed_cidrs) > 0
    public_access_cidrs     = length(var.api_allowed_cidrs) > 0 ? var.api_allowed_cidrs : null
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy_attachment.this]
}

resource "aws_eks_access_entry" "admins" {
  for_each = var.admin_groups

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value
  type          = "STANDARD"
  tags          = local.tags
}

resource "aws_eks_access_policy_association" "admins" {
  for_each = var.admin_groups

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value
  policy_arn    = "arn:${local.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }

  depends_on = [aws_eks_access_entry.admins]
}

resource "aws_eks_addon" "this" {
  for_each = local.addons

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE" # what the platform's charts changed stays
  tags                        = local.tags

  dynamic "pod_identity_association" {
    for_each = each.value == null ? [] : [each.value]

    content {
      service_account = pod_identity_association.value.account
      role_arn        = aws_iam_role.this[pod_identity_association.value.role].arn
    }
  }
}

resource "aws_launch_template" "system" {
  name                   = "${local.name}-system"
  description            = "System nodes of ${local.name}"
  update_default_version = true
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

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = 80 # GB
      volume_type           = "gp3"
      encrypted             = true
      kms_key_id            = aws_kms_key.this.arn
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${local.name}-system" })
    }
  }
}

# Nodes for what the cluster itself needs; Karpenter, which these carry, brings the others.
resource "aws_eks_node_group" "system" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "system"
  node_role_arn   = aws_iam_role.this["nodes"].arn
  subnet_ids      = var.private_subnet_ids
  ami_type        = "AL2023_x86_64_STANDARD"
  instance_types  = [local.node_type]
  labels          = { "gleis.dev/pool" = "system" }
  tags            = local.tags

  scaling_config {
    min_size     = var.system_nodes.min
    desired_size = var.system_nodes.min
    max_size     = var.system_nodes.max
  }

  update_config {
    max_unavailable = 1
  }

  launch_template {
    id      = aws_launch_template.system.id
    version = aws_launch_template.system.latest_version
  }

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size] # the autoscaler's
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}
