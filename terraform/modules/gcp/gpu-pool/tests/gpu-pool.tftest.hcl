mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012" }
  }
  mock_data "google_compute_zones" {
    defaults = { names = ["europe-west4-a", "europe-west4-b", "europe-west4-c"] }
  }
}

variables {
  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west4"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-1000"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  cluster_name       = "platform-platform-dev"
  private_subnet_ids = ["projects/acme-ml-dev/regions/europe-west4/subnetworks/private"]
  node_identity      = "n-platform-platform-dev@acme-ml-dev.iam.gserviceaccount.com"
  name               = "training"
  gpu_type           = "t4"
  nodes              = { max = 4 }
}

run "an_idle_pool_is_empty_and_keeps_others_out" {
  command = plan

  assert {
    condition     = google_container_node_pool.this.initial_node_count == 0 && one(google_container_node_pool.this.autoscaling).total_min_node_count == 0 && one(google_container_node_pool.this.autoscaling).total_max_node_count == 4
    error_message = "The pool costs money while nobody trains."
  }
  assert {
    condition     = one(one(google_container_node_pool.this.node_config).taint).key == "nvidia.com/gpu" && one(one(google_container_node_pool.this.node_config).taint).effect == "NO_SCHEDULE"
    error_message = "Pods land here that asked for no GPU."
  }
  assert {
    condition     = output.instance_type == "n1-standard-8" && output.gpus_max == 4 && one(one(google_container_node_pool.this.node_config).guest_accelerator).type == "nvidia-tesla-t4" && one(google_container_node_pool.this.node_config).labels["gleis.dev/gpu-type"] == "t4"
    error_message = "The nodes are not the ones that were asked for."
  }
  assert {
    condition     = one(google_container_node_pool.this.node_config).boot_disk_kms_key == "projects/acme-ml-dev/locations/europe-west4/keyRings/platform-platform-dev-cluster/cryptoKeys/platform-platform-dev-cluster" && one(one(google_container_node_pool.this.node_config).workload_metadata_config).mode == "GKE_METADATA" && one(one(google_container_node_pool.this.node_config).shielded_instance_config).enable_secure_boot
    error_message = "A pod can use its node's identity, or disks are not encrypted by the cluster's key."
  }
  assert {
    condition     = join(" ", sort(google_container_node_pool.this.node_locations)) == "europe-west4-b europe-west4-c"
    error_message = "The pool has a zone without such a GPU, and GKE refuses it."
  }
  assert {
    condition     = one(google_container_node_pool.this.node_config).resource_labels["cost-center"] == "cc-1000"
    error_message = "Nobody knows who pays for the nodes."
  }
}

run "reserved_nodes_with_a_fast_network_stand_together_where_the_machine_is" {
  command = plan

  variables {
    gpu_type       = "h100"
    gpus_per_node  = 8
    fast_network   = true
    reservation_id = "training-2026"
  }

  override_data {
    target = data.google_compute_machine_types.this["europe-west4-a"]
    values = { machine_types = [] }
  }
  override_data {
    target = data.google_compute_machine_types.this["europe-west4-b"]
    values = { machine_types = [{ name = "a3-highgpu-8g" }] }
  }
  override_data {
    target = data.google_compute_machine_types.this["europe-west4-c"]
    values = { machine_types = [{ name = "a3-highgpu-8g" }] }
  }

  assert {
    condition     = one(google_container_node_pool.this.placement_policy).type == "COMPACT" && join(" ", google_container_node_pool.this.node_locations) == "europe-west4-b" && one(one(google_container_node_pool.this.node_config).fast_socket).enabled
    error_message = "The nodes do not stand together, or where there are none."
  }
  assert {
    condition     = join(" ", one(one(google_container_node_pool.this.node_config).reservation_affinity).values) == "training-2026" && one(google_container_node_pool.this.node_config).labels["gleis.dev/capacity"] == "reserved"
    error_message = "What was reserved is not used."
  }
}

run "a_gpu_that_google_does_not_have_is_refused_in_words" {
  command = plan

  variables {
    gpu_type = "a10g"
  }

  expect_failures = [google_container_node_pool.this]
}

run "a_pool_of_another_cluster_is_refused" {
  command = plan

  variables {
    cluster_name = "somebody-elses"
  }

  expect_failures = [google_container_node_pool.this]
}

run "odd_names_types_and_sizes_are_refused" {
  command = plan

  variables {
    name           = "My Pool"
    gpus_per_node  = 3
    nodes          = { min = 3, max = 2 }
    cluster_name   = "a cluster"
    node_identity  = "serviceAccount:*"
    reservation_id = "next week"
  }

  expect_failures = [
    var.name, var.gpus_per_node, var.nodes, var.cluster_name, var.node_identity, var.reservation_id,
  ]
}
