# A monthly budget for a project, a team or a cost center, with alerts on what was spent and on what the
# month will cost at this rate. It counts by label: Google sees a label from the day on which it was set.

module "contract" {
  source  = "../../contract"
  context = var.context
}

data "google_project" "this" {}

locals {
  # By threshold, so that one more does not move the others.
  alerts = merge(
    { for threshold in var.thresholds : "actual-${threshold}" => { basis = "CURRENT_SPEND", share = threshold / 100 } },
    { forecast = { basis = "FORECASTED_SPEND", share = 1 } },
  )
}

resource "google_monitoring_notification_channel" "this" {
  for_each = var.emails

  type         = "email"
  display_name = "${module.contract.names.budget}-${var.scope}"
  labels       = { email_address = each.value }
  user_labels  = module.contract.tags
}

resource "google_billing_budget" "this" {
  billing_account = data.google_project.this.billing_account
  display_name    = substr("${module.contract.names.budget}-${var.scope}", 0, 60) # as long as Google takes

  # Without a currency it is that of the billing account; Google refuses any other.
  amount {
    specified_amount {
      units = tostring(floor(var.monthly_budget))
      nanos = floor((var.monthly_budget - floor(var.monthly_budget)) * 1000000000)
    }
  }

  # A project's budget is one of its environment. Those of team and cost center count all that the bill covers.
  budget_filter {
    calendar_period = "MONTH"
    projects        = var.scope == "project" ? ["projects/${data.google_project.this.number}"] : null
    labels          = { (var.scope) = module.contract.tags[var.scope] } # Google takes one
    # Discounts and credits of the company would hide what a project uses.
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  dynamic "threshold_rules" {
    for_each = local.alerts

    content {
      spend_basis       = threshold_rules.value.basis
      threshold_percent = threshold_rules.value.share
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [for channel in values(google_monitoring_notification_channel.this) : channel.id]
    disable_default_iam_recipients   = true # the billing account's administrators do not know the project
  }

  lifecycle {
    precondition {
      condition     = try(length(data.google_project.this.billing_account) > 0, false)
      error_message = "${data.google_project.this.project_id} has no billing account that whoever applies may see. Link one, or get roles/billing.viewer on it."
    }
  }
}
