# A network of an environment: one private subnet for nodes and their pods, and one for the proxies of load balancers
# only. What goes to Google itself stays inside, by private names; all that flows is logged. Subnets on Google
# span all zones of their region, so there is one where other clouds want one for each zone.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "google_project" "this" {}

data "google_logging_project_cmek_settings" "this" {
  project = data.google_project.this.project_id
}

locals {
  name    = module.contract.names.network
  part    = module.contract.names.role_prefix # short enough for what is put behind it
  key     = "${local.part}-network"
  project = data.google_project.this.project_id

  # A half for pods, of which each node takes 128 addresses; a quarter for nodes; the last quarter is shared by
  # services and proxies, and half of it is free. The module cluster knows the ranges by their names.
  ranges = {
    pods     = cidrsubnet(var.cidr, 1, 0)
    nodes    = cidrsubnet(var.cidr, 2, 2)
    services = cidrsubnet(var.cidr, 4, 12)
    proxies  = cidrsubnet(var.cidr, 4, 13)
  }

  # Cloud NAT has no zones; what falls with a zone is served by the others. More addresses mean more connections.
  addresses = { none = 0, single = 1, per-zone = var.zones }[var.nat]
  gateways  = toset(var.nat == "none" ? [] : [var.context.region])

  # What the words of the interface are on Google: names of hosts, or of domains with a star. They resolve to the
  # addresses of private.googleapis.com, which no router outside of Google knows
  # (https://cloud.google.com/vpc/docs/configure-private-google-access, read in November 2026).
  domains = {
    identity = ["container.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com", "sts.googleapis.com"]
    keys     = ["cloudkms.googleapis.com", "secretmanager.googleapis.com"]
    logs     = ["logging.googleapis.com", "monitoring.googleapis.com"]
    registry = ["artifactregistry.googleapis.com", "gcr.io", "pkg.dev"]
    storage  = ["storage.googleapis.com"]
  }
  private   = toset(flatten([for what in var.private_endpoints : local.domains[what]]))
  wildcards = setintersection(local.private, ["gcr.io", "pkg.dev"])
  google    = "199.36.153.8/30"
}

resource "google_compute_network" "this" {
  name                            = local.name
  description                     = "Network of ${local.name}"
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true # the routes below say what leads out
  routing_mode                    = "REGIONAL"
}

resource "google_compute_subnetwork" "private" {
  name                     = "${local.part}-private"
  network                  = google_compute_network.this.id
  region                   = var.context.region
  ip_cidr_range            = local.ranges.nodes
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = local.ranges.pods
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = local.ranges.services
  }

  log_config {
    aggregation_interval = "INTERVAL_5_MIN"
    flow_sampling        = 1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

# Load balancers of Google live outside of the network; only their proxies take addresses in it.
resource "google_compute_subnetwork" "public" {
  name          = "${local.part}-proxies"
  network       = google_compute_network.this.id
  region        = var.context.region
  ip_cidr_range = local.ranges.proxies
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

resource "google_compute_route" "internet" {
  for_each = local.gateways

  name             = "${local.part}-internet"
  network          = google_compute_network.this.name
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

# Its next hop has the internet's name, but the packets stay in Google's network.
resource "google_compute_route" "google" {
  name             = "${local.part}-google"
  network          = google_compute_network.this.name
  dest_range       = local.google
  next_hop_gateway = "default-internet-gateway"
  priority         = 900
}

resource "google_compute_router" "this" {
  for_each = local.gateways

  name    = local.part
  network = google_compute_network.this.id
  region  = each.value
}

resource "google_compute_address" "nat" {
  count = local.addresses

  name   = "${local.part}-nat-${count.index}"
  region = var.context.region
  labels = module.contract.tags
}

resource "google_compute_router_nat" "this" {
  for_each = local.gateways

  name                               = local.part
  router                             = google_compute_router.this[each.key].name
  region                             = each.value
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = google_compute_address.nat[*].self_link
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.private.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# What no rule allows is refused anyway, but silently. Rules of the cluster come before this one.
resource "google_compute_firewall" "refused" {
  name          = "${local.part}-refused"
  description   = "Logs what comes in and that nothing allows"
  network       = google_compute_network.this.name
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_dns_managed_zone" "this" {
  for_each = local.private

  name        = "${module.contract.names.service_account}-${replace(each.value, ".", "-")}"
  dns_name    = "${each.value}."
  description = "Keeps ${each.value} inside ${local.name}"
  visibility  = "private"
  labels      = module.contract.tags

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "this" {
  for_each = local.private

  managed_zone = google_dns_managed_zone.this[each.value].name
  name         = "${each.value}."
  type         = "A"
  ttl          = 300 # seconds
  rrdatas      = [for host in range(4) : cidrhost(local.google, host)]
}

resource "google_dns_record_set" "wildcard" {
  for_each = local.wildcards

  managed_zone = google_dns_managed_zone.this[each.value].name
  name         = "*.${each.value}."
  type         = "CNAME"
  ttl          = 300 # seconds
  rrdatas      = ["${each.value}."]
}

resource "google_kms_key_ring" "this" {
  name     = local.key
  location = var.context.region
}

resource "google_kms_crypto_key" "this" {
  #checkov:skip=CKV_GCP_82:A destroyed key can be called back for 30 days; an environment that ended must be removable
  name                       = local.key
  key_ring                   = google_kms_key_ring.this.id
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "2592000s" # 30 days
  labels                     = module.contract.tags
}

resource "google_kms_crypto_key_iam_binding" "this" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = ["serviceAccount:${data.google_logging_project_cmek_settings.this.service_account_id}"]
}

resource "google_logging_project_bucket_config" "this" {
  project        = local.project
  location       = var.context.region
  bucket_id      = local.key
  description    = "Flow logs of ${local.name}"
  retention_days = var.flow_log_days

  cmek_settings {
    kms_key_name = google_kms_crypto_key.this.id
  }

  depends_on = [google_kms_crypto_key_iam_binding.this]
}

resource "google_logging_project_sink" "this" {
  name                   = local.key
  description            = "Flow logs, refused packets and NAT of ${local.name}"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  unique_writer_identity = true
  filter = join(" ", [
    "(log_id(\"compute.googleapis.com/vpc_flows\") AND resource.labels.subnetwork_name=\"${google_compute_subnetwork.private.name}\")",
    "OR (log_id(\"compute.googleapis.com/firewall\") AND jsonPayload.vpc.vpc_name=\"${local.name}\")",
    "OR (log_id(\"compute.googleapis.com/nat_flows\") AND jsonPayload.vpc.vpc_name=\"${local.name}\")",
  ])
}
