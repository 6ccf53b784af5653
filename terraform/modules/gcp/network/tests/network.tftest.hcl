mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012" }
  }
  mock_data "google_logging_project_cmek_settings" {
    defaults = { service_account_id = "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/acme-ml-dev/locations/europe-west3/keyRings/network/cryptoKeys/network" }
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

  cidr = "10.20.0.0/16"
}

run "nodes_pods_services_and_proxies_do_not_overlap" {
  command = plan

  assert {
    condition     = google_compute_subnetwork.private.ip_cidr_range == "10.20.128.0/18" && google_compute_subnetwork.public.ip_cidr_range == "10.20.208.0/20"
    error_message = "Nodes or proxies do not have their part of the network."
  }
  assert {
    condition     = { for range in google_compute_subnetwork.private.secondary_ip_range : range.range_name => range.ip_cidr_range } == { pods = "10.20.0.0/17", services = "10.20.192.0/20" }
    error_message = "Pods or services do not have their part of the network."
  }
  assert {
    condition     = !google_compute_network.this.auto_create_subnetworks && google_compute_network.this.delete_default_routes_on_create
    error_message = "Google adds subnets or ways out by itself."
  }
  assert {
    condition     = length(google_compute_address.nat) == 1 && length(google_compute_router_nat.this) == 1 && google_compute_address.nat[0].labels["cost-center"] == "cc-1000"
    error_message = "There is not one address to the internet."
  }
}

run "google_is_reached_inside_and_all_that_flows_is_logged" {
  command = plan

  assert {
    condition     = google_compute_subnetwork.private.private_ip_google_access && length(google_dns_managed_zone.this) == 12 && alltrue([for zone in values(google_dns_managed_zone.this) : zone.visibility == "private"])
    error_message = "A service is reached through the internet."
  }
  assert {
    condition     = google_dns_record_set.this["pkg.dev"].rrdatas == tolist(["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]) && join(" ", keys(google_dns_record_set.wildcard)) == "gcr.io pkg.dev"
    error_message = "The names do not lead to Google's private addresses."
  }
  assert {
    condition     = one(google_compute_subnetwork.private.log_config).flow_sampling == 1 && one(google_compute_firewall.refused.log_config).metadata == "INCLUDE_ALL_METADATA"
    error_message = "Only a part of what flows is logged."
  }
  assert {
    condition     = google_logging_project_bucket_config.this.retention_days == 365 && one(google_logging_project_bucket_config.this.cmek_settings).kms_key_name == google_kms_crypto_key.this.id && google_kms_crypto_key.this.rotation_period == "7776000s"
    error_message = "Flow logs lack something: a year, a key that rotates."
  }
}

run "without_a_gateway_nothing_leads_out" {
  command = plan

  variables {
    nat = "none"
  }

  assert {
    condition     = length(google_compute_route.internet) == 0 && length(google_compute_router_nat.this) == 0 && length(google_compute_address.nat) == 0 && google_compute_route.google.dest_range == "199.36.153.8/30"
    error_message = "A way leads to the internet, or none leads to Google."
  }
}

run "an_address_for_each_zone_is_made_when_asked_for" {
  command = plan

  variables {
    nat   = "per-zone"
    zones = 2
  }

  assert {
    condition     = length(google_compute_address.nat) == 2
    error_message = "There is not one address for each zone."
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
