# A pool of GPU nodes of one cluster that is empty when nobody trains. Nothing lands on it that did not ask for
# a GPU; spot and reserved capacity are the same pool with another way to pay.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "google_project" "this" {}

data "google_compute_zones" "this" {
  region = var.context.region
}

# Which zones have the machine. Not for T4: it is put into machines that every zone has, and of GPUs by
# themselves the provider knows nothing.
data "google_compute_machine_types" "this" {
  for_each = local.asks ? toset(data.google_compute_zones.this.names) : []

  zone   = each.value
  filter = "name = \"${local.machine}\""
}

locals {
  # GPU type => GPUs per node => machine type. Sources: https://cloud.google.com/compute/docs/gpus (N1 with T4, G2,
  # A2, A3), read in November 2026. Google has no A10G; L4 is its successor.
  types = {
    t4   = { 1 = "n1-standard-8", 2 = "n1-standard-16", 4 = "n1-standard-32" }
    a10g = {}
    l4   = { 1 = "g2-standard-8", 2 = "g2-standard-24", 4 = "g2-standard-48", 8 = "g2-standard-96" }
    a100 = { 1 = "a2-highgpu-1g", 2 = "a2-highgpu-2g", 4 = "a2-highgpu-4g", 8 = "a2-highgpu-8g" }
    h100 = { 1 = "a3-highgpu-1g", 2 = "a3-highgpu-2g", 4 = "a3-highgpu-4g", 8 = "a3-highgpu-8g" }
  }
  accelerators = {
    t4 = "nvidia-tesla-t4", a10g = "", l4 = "nvidia-l4", a100 = "nvidia-tesla-a100", h100 = "nvidia-h100-80gb"
  }
  # What GKE places close together (https://cloud.google.com/kubernetes-engine/docs/how-to/compact-placement).
  fast = ["l4", "a100", "h100"]

  # Zones with T4, as scripts name them that were made from `gcloud compute accelerator-types list`; collected in
  # November 2026, of the regions that we found. A zone that is missing is not used, a region that is missing is
  # left to GKE. The whole list: https://cloud.google.com/compute/docs/gpus/gpu-regions-zones
  t4 = {
    asia-northeast1 = ["a", "c"], asia-northeast3 = ["b", "c"], asia-south1 = ["a", "b"], asia-southeast1 = ["b", "c"]
    europe-west2    = ["a", "b"], europe-west3 = ["b"], europe-west4 = ["b", "c"], southamerica-east1 = ["c"]
    us-central1     = ["a", "b", "c", "f"], us-east1 = ["c", "d"], us-west1 = ["a", "b"]
  }

  offered = local.types[var.gpu_type]
  machine = lookup(local.offered, tostring(var.gpus_per_node), "")
  asks    = local.machine != "" && var.gpu_type != "t4"

  # GKE refuses a pool with a zone that lacks the GPU. Nodes that stand together stand in one.
  having = (
    local.asks ? [for zone in sort(keys(data.google_compute_machine_types.this)) : zone if length(data.google_compute_machine_types.this[zone].machine_types) > 0] :
    var.gpu_type == "t4" ? [for letter in lookup(local.t4, var.context.region, []) : "${var.context.region}-${letter}"] : []
  )
  zones = var.fast_network ? slice(local.having, 0, min(1, length(local.having))) : local.having

  taints = [{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }]
  effect = { NoSchedule = "NO_SCHEDULE", PreferNoSchedule = "PREFER_NO_SCHEDULE", NoExecute = "NO_EXECUTE" }
  labels = {
    "gleis.dev/pool"     = var.name
    "gleis.dev/gpu-type" = var.gpu_type
    "gleis.dev/capacity" = var.reservation_id != "" ? "reserved" : var.spot ? "spot" : "on-demand"
  }

  # The key of the cluster, by the name that the module cluster gives it for the same context.
  key     = "${module.contract.names.role_prefix}-cluster"
  key_id  = "projects/${data.google_project.this.project_id}/locations/${var.context.region}/keyRings/${local.key}/cryptoKeys/${local.key}"
  cluster = module.contract.names.cluster
}

resource "google_container_node_pool" "this" {
  name               = var.name
  cluster            = var.cluster_name
  location           = var.context.region
  node_locations     = length(local.zones) > 0 ? local.zones : null
  initial_node_count = 0 # an autoscaler reads labels and taints of the pool, so it may be empty

  autoscaling {
    total_min_node_count = var.nodes.min
    total_max_node_count = var.nodes.max
    location_policy      = "ANY" # wherever a GPU is free
  }

  # Nodes follow the version of the control plane.
  management {
    auto_repair  = true
    auto_upgrade = true
  }

  # One node at a time, and no spare one: there may be no more GPUs to have.
  upgrade_settings {
    max_surge       = 0
    max_unavailable = 1
  }

  dynamic "placement_policy" {
    for_each = var.fast_network ? [1] : []

    content {
      type = "COMPACT"
    }
  }

  node_config {
    machine_type      = local.machine
    image_type        = "COS_CONTAINERD"
    disk_size_gb      = 300 # images with CUDA are large, and so are the shards of a data set that a training keeps near
    disk_type         = "pd-balanced"
    boot_disk_kms_key = local.key_id
    service_account   = var.node_identity
    oauth_scopes      = ["https://www.googleapis.com/auth/cloud-platform"] # the account's roles say what it may
    spot              = var.spot
    labels            = local.labels
    resource_labels   = module.contract.tags
    metadata          = { disable-legacy-endpoints = "true" }

    guest_accelerator {
      type  = local.accelerators[var.gpu_type]
      count = var.gpus_per_node

      gpu_driver_installation_config {
        gpu_driver_version = "DEFAULT" # the one that GKE tested with the node's version
      }
    }

    # gVNIC; fast_network adds NCCL's plugin for it.
    gvnic {
      enabled = true
    }

    dynamic "fast_socket" {
      for_each = var.fast_network ? [1] : []

      content {
        enabled = true
      }
    }

    dynamic "reservation_affinity" {
      for_each = var.reservation_id == "" ? [] : [var.reservation_id]

      content {
        consume_reservation_type = "SPECIFIC_RESERVATION"
        key                      = "compute.googleapis.com/reservation-name"
        values                   = [reservation_affinity.value]
      }
    }

    dynamic "taint" {
      for_each = local.taints

      content {
        key    = taint.value.key
        value  = taint.value.value
        effect = local.effect[taint.value.effect]
      }
    }

    # With it a pod cannot reach the node's own identity.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true # GKE's own drivers are signed
      enable_integrity_monitoring = true
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count] # the autoscaler's

    precondition {
      condition     = local.machine != ""
      error_message = "Google has no ${var.gpu_type} node with ${var.gpus_per_node} GPUs. ${length(local.offered) > 0 ? "Allowed for ${var.gpu_type} are ${join(", ", keys(local.offered))}." : "Take l4, which came after it."}"
    }
    precondition {
      condition     = !local.asks || length(local.having) > 0
      error_message = "No zone of ${var.context.region} has ${local.machine}. Take another gpu_type, or another region (https://cloud.google.com/compute/docs/gpus/gpu-regions-zones)."
    }
    precondition {
      condition     = !var.fast_network || contains(local.fast, var.gpu_type)
      error_message = "Google places no ${var.gpu_type} nodes close together. Leave out fast_network, or take one of ${join(", ", local.fast)}."
    }
    precondition {
      condition     = !(var.gpu_type == "h100" && var.gpus_per_node < 8) || var.spot
      error_message = "${local.machine} is sold as spare capacity only. Set spot, or take h100 with 8 GPUs."
    }
    precondition {
      condition     = !(var.spot && var.reservation_id != "")
      error_message = "spot and reservation_id exclude each other: reserved capacity is paid for already. Set one of them."
    }
    precondition {
      condition     = var.cluster_name == local.cluster
      error_message = "${var.cluster_name} is not the cluster of this context, which is ${local.cluster}: the key of its disks is found by that name. Give the context that the module cluster got."
    }
  }
}
