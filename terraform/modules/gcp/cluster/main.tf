# A Kubernetes cluster of an environment: its API and its nodes are private, its secrets and disks are encrypted by a
# key of its own, each of its logs is kept, people come in through groups only, and pods get their rights from
# workload identities, never from the nodes they run on.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "google_project" "this" {}

data "google_logging_project_cmek_settings" "this" {
  project = data.google_project.this.project_id
}

locals {
  name      = module.contract.names.cluster
  project   = data.google_project.this.project_id
  number    = data.google_project.this.number
  key       = "${module.contract.names.role_prefix}-cluster"
  node_type = var.system_nodes.type != "" ? var.system_nodes.type : "e2-standard-2"

  # The address is the account's id in this project: known before the account is, so a plan shows whole policies.
  account = "n-${module.contract.names.service_account}"
  email   = "${local.account}@${local.project}.iam.gserviceaccount.com"

  # GKE reads groups that are members of this one, a name that Google prescribes
  # (https://cloud.google.com/kubernetes-engine/docs/how-to/google-groups-rbac).
  domain = split("@", sort(var.admin_groups)[0])[1]

  # Nodes join, write logs and metrics, and read images.
  node_roles = ["roles/artifactregistry.reader", "roles/container.defaultNodeServiceAccount"]

  # Who uses the key in the place of the cluster: GKE for secrets, Compute Engine for disks, Cloud Logging for logs.
  agents = [
    "serviceAccount:service-${local.number}@container-engine-robot.iam.gserviceaccount.com",
    "serviceAccount:service-${local.number}@compute-system.iam.gserviceaccount.com",
    "serviceAccount:${data.google_logging_project_cmek_settings.this.service_account_id}",
  ]

  components = ["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"]
}

resource "google_kms_key_ring" "this" {
  name     = local.key
  location = var.context.region
}

# The module gpu-pool finds it by its name.
resource "google_kms_crypto_key" "this" {
  #checkov:skip=CKV_GCP_82:A destroyed key can be called back for 30 days; a cluster that ended must be removable
  name                       = local.key
  key_ring                   = google_kms_key_ring.this.id
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "2592000s" # 30 days
  labels                     = module.contract.tags
}

resource "google_kms_crypto_key_iam_binding" "this" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = local.agents
}

resource "google_logging_project_bucket_config" "this" {
  project        = local.project
  location       = var.context.region
  bucket_id      = local.key
  description    = "Logs of the control plane of ${local.name}"
  retention_days = var.log_days

  cmek_settings {
    kms_key_name = google_kms_crypto_key.this.id
  }

  depends_on = [google_kms_crypto_key_iam_binding.this]
}

resource "google_logging_project_sink" "this" {
  name                   = local.key
  description            = "Logs of the control plane of ${local.name}, audit logs among them"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  unique_writer_identity = true
  filter = join(" AND ", [
    "resource.type=(\"k8s_cluster\" OR \"k8s_control_plane_component\" OR \"gke_cluster\" OR \"gke_nodepool\")",
    "resource.labels.cluster_name=\"${local.name}\"",
    "resource.labels.location=\"${var.context.region}\"",
  ])
}

resource "google_service_account" "nodes" {
  account_id   = local.account
  display_name = "Nodes of ${local.name}"
}

resource "google_project_iam_member" "nodes" {
  for_each = toset(local.node_roles)

  project = local.project
  role    = each.value
  member  = "serviceAccount:${local.email}"

  depends_on = [google_service_account.nodes]
}

resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12:Dataplane V2 enforces network policies itself, and takes no add-on beside it
  #checkov:skip=CKV_GCP_21:The labels are the contract's, which Checkov does not resolve where a stack reads platform.yaml
  name                        = local.name
  description                 = "Cluster of ${var.context.environment}"
  location                    = var.context.region # in three zones: the fall of one stops no other
  network                     = var.network_id
  subnetwork                  = var.private_subnet_ids[0]
  networking_mode             = "VPC_NATIVE"
  datapath_provider           = "ADVANCED_DATAPATH"
  default_max_pods_per_node   = 64 # of the network's half for pods each node takes twice as many addresses
  enable_intranode_visibility = true
  enable_shielded_nodes       = true
  enable_legacy_abac          = false
  deletion_protection         = var.context.environment == "prod"
  resource_labels             = module.contract.tags

  # The version is a variable, so no channel may move it to another minor one. Google still applies patches, and
  # the next minor version when one leaves support.
  min_master_version = var.kubernetes_version
  release_channel {
    channel = "UNSPECIFIED"
  }

  # The pool that a cluster starts with is thrown away at once; the system pool below replaces it.
  remove_default_node_pool = true
  initial_node_count       = 1
  node_config {
    service_account   = local.email
    boot_disk_kms_key = google_kms_crypto_key.this.id
    oauth_scopes      = ["https://www.googleapis.com/auth/cloud-platform"]

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = length(var.api_allowed_cidrs) == 0

    master_global_access_config {
      enabled = false
    }
  }

  master_authorized_networks_config {
    gcp_public_cidrs_access_enabled      = false
    private_endpoint_enforcement_enabled = true

    dynamic "cidr_blocks" {
      for_each = var.api_allowed_cidrs

      content {
        cidr_block = cidr_blocks.value
      }
    }
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  authenticator_groups_config {
    security_group = "gke-security-groups@${local.domain}"
  }

  # Bindings for everybody, known or not, are refused.
  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false
    enable_insecure_binding_system_unauthenticated = false
  }

  workload_identity_config {
    workload_pool = "${local.project}.svc.id.goog"
  }

  database_encryption {
    state    = "ENCRYPTED"
    key_name = google_kms_crypto_key.this.id
  }

  # What may run is the project's policy, which the stack cluster sets.
  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  security_posture_config {
    mode               = "BASIC"
    vulnerability_mode = "VULNERABILITY_DISABLED" # the registry scans images
  }

  logging_config {
    enable_components = concat(local.components, ["WORKLOADS"])
  }

  monitoring_config {
    enable_components = local.components

    managed_prometheus {
      enabled = true
    }
  }

  cost_management_config {
    enabled = true # splits the bill by namespace, which is a project
  }

  addons_config {
    dns_cache_config {
      enabled = true
    }
    gce_persistent_disk_csi_driver_config {
      enabled = true
    }
    gcs_fuse_csi_driver_config {
      enabled = true
    }
  }

  lifecycle {
    # Of the pool that is gone.
    ignore_changes = [node_config, initial_node_count]
  }

  depends_on = [google_kms_crypto_key_iam_binding.this, google_project_iam_member.nodes]
}

# Google knows no rights on one cluster only; an environment has a project and a cluster of its own.
resource "google_project_iam_member" "admins" {
  for_each = var.admin_groups

  project = local.project
  role    = "roles/container.admin"
  member  = "group:${each.value}"
}

# Nodes for what the cluster itself needs; pools for GPUs come beside them.
resource "google_container_node_pool" "system" {
  name               = "system"
  cluster            = google_container_cluster.this.name
  location           = var.context.region
  initial_node_count = 1 # in each of three zones

  autoscaling {
    total_min_node_count = var.system_nodes.min
    total_max_node_count = var.system_nodes.max
    location_policy      = "BALANCED"
  }

  # Nodes follow the version of the control plane.
  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    max_surge       = 1
    max_unavailable = 0
  }

  node_config {
    machine_type      = local.node_type
    image_type        = "COS_CONTAINERD"
    disk_size_gb      = 80
    disk_type         = "pd-balanced"
    boot_disk_kms_key = google_kms_crypto_key.this.id
    service_account   = local.email
    oauth_scopes      = ["https://www.googleapis.com/auth/cloud-platform"] # the account's roles say what it may
    labels            = { "gleis.dev/pool" = "system" }
    resource_labels   = module.contract.tags
    metadata          = { disable-legacy-endpoints = "true" }

    # With it a pod cannot reach the node's own identity.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count] # the autoscaler's

    precondition {
      condition     = var.system_nodes.max >= 3
      error_message = "system_nodes.max is ${var.system_nodes.max}, but a pool starts with a node in each of three zones. Allowed are 3 and more."
    }
  }
}
