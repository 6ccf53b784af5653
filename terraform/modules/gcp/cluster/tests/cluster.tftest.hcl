mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012" }
  }
  mock_data "google_logging_project_cmek_settings" {
    defaults = { service_account_id = "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/acme-ml-dev/locations/europe-west3/keyRings/cluster/cryptoKeys/cluster" }
  }
}

variables {
  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
    environment      = "dev"
    team             = "platform"
    project          = "platform"
    cost_center      = "CC-1000"
    data_class       = "internal"
    repo             = "acme/gleis"
    template_version = "v1.0.0"
  }

  network_id         = "projects/acme-ml-dev/global/networks/platform-platform-dev"
  private_subnet_ids = ["projects/acme-ml-dev/regions/europe-west3/subnetworks/private"]
  admin_groups       = ["ml-platform-admins@example.com"]
}

run "the_api_is_private_and_its_secrets_are_encrypted" {
  command = plan

  assert {
    condition     = one(google_container_cluster.this.private_cluster_config).enable_private_endpoint && one(google_container_cluster.this.private_cluster_config).enable_private_nodes && length(one(google_container_cluster.this.master_authorized_networks_config).cidr_blocks) == 0
    error_message = "The API or a node can be reached from outside."
  }
  assert {
    condition     = one(google_container_cluster.this.database_encryption).state == "ENCRYPTED" && one(google_container_cluster.this.database_encryption).key_name == google_kms_crypto_key.this.id && google_kms_crypto_key.this.rotation_period == "7776000s" && length(google_kms_crypto_key_iam_binding.this.members) == 3
    error_message = "Secrets are not encrypted by a key of the cluster's own that rotates."
  }
  assert {
    condition     = [for grant in values(google_project_iam_member.admins) : "${grant.member} ${grant.role}"] == ["group:ml-platform-admins@example.com roles/container.admin"] && one(google_container_cluster.this.authenticator_groups_config).security_group == "gke-security-groups@example.com"
    error_message = "The groups do not administer the cluster, or others do."
  }
  assert {
    condition     = length(one(google_container_cluster.this.logging_config).enable_components) == 5 && google_logging_project_bucket_config.this.retention_days == 365 && one(google_logging_project_bucket_config.this.cmek_settings).kms_key_name == google_kms_crypto_key.this.id
    error_message = "A log of the control plane is not kept for a year, or not encrypted."
  }
  assert {
    condition     = google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH" && one(google_container_cluster.this.binary_authorization).evaluation_mode == "PROJECT_SINGLETON_POLICY_ENFORCE" && google_container_cluster.this.resource_labels["cost-center"] == "cc-1000"
    error_message = "Network policies, the policy of images or labels are missing."
  }
}

run "the_version_moves_only_when_it_is_told_to" {
  command = plan

  assert {
    condition     = google_container_cluster.this.min_master_version == "1.34" && one(google_container_cluster.this.release_channel).channel == "UNSPECIFIED"
    error_message = "A release channel moves the version."
  }
  assert {
    condition     = !google_container_cluster.this.deletion_protection
    error_message = "A cluster of dev cannot be taken down."
  }
}

run "a_pod_cannot_use_the_identity_of_its_node" {
  command = plan

  assert {
    condition     = one(google_container_cluster.this.workload_identity_config).workload_pool == "acme-ml-dev.svc.id.goog" && one(one(google_container_node_pool.system.node_config).workload_metadata_config).mode == "GKE_METADATA"
    error_message = "A pod can ask for the identity of its node."
  }
  assert {
    condition     = one(google_container_node_pool.system.node_config).boot_disk_kms_key == google_kms_crypto_key.this.id && one(one(google_container_node_pool.system.node_config).shielded_instance_config).enable_secure_boot
    error_message = "The disks of nodes are not encrypted by the cluster's key, or nodes start what nobody signed."
  }
  assert {
    condition     = join(" ", sort([for grant in values(google_project_iam_member.nodes) : grant.role])) == "roles/artifactregistry.reader roles/container.defaultNodeServiceAccount" && output.node_identity == "n-platform-platform-dev@acme-ml-dev.iam.gserviceaccount.com"
    error_message = "Nodes may do more than join, log and pull."
  }
}

run "a_given_range_reaches_the_api_and_no_other" {
  command = plan

  variables {
    api_allowed_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = !one(google_container_cluster.this.private_cluster_config).enable_private_endpoint && one(one(google_container_cluster.this.master_authorized_networks_config).cidr_blocks).cidr_block == "203.0.113.0/24" && !one(google_container_cluster.this.master_authorized_networks_config).gcp_public_cidrs_access_enabled
    error_message = "The API is public for others than the given range."
  }
}

run "fewer_nodes_than_zones_are_refused" {
  command = plan

  variables {
    system_nodes = { min = 2, max = 2 }
  }

  expect_failures = [google_container_node_pool.system]
}

run "an_open_api_no_admin_and_an_old_version_are_refused" {
  command = plan

  variables {
    api_allowed_cidrs  = ["0.0.0.0/0"]
    admin_groups       = ["not-an-address"]
    kubernetes_version = "1.27"
    private_subnet_ids = []
    system_nodes       = { min = 1, max = 1 }
    network_id         = "network"
    log_days           = 1
  }

  expect_failures = [
    var.api_allowed_cidrs, var.admin_groups, var.kubernetes_version, var.private_subnet_ids, var.system_nodes, var.network_id, var.log_days,
  ]
}
