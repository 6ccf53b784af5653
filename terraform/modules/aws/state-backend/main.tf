# Where Terraform keeps the states of one environment: a bucket that keeps every version, whose lock is a
# file in it (use_lockfile), and that only the given roles read, because a state holds secrets.

module "store" {
  source = "../artifact-store"

  context           = var.context
  purpose           = "state"
  object_lock_days  = var.object_lock_days
  log_store_id      = var.log_store_id
  writer_identities = var.admin_identities
}

