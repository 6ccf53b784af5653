# A monthly budget for a project, a team or a cost center, with alerts on what was spent and on what the
# month will cost at this rate. It counts by tag: AWS sees a tag only after it was activated as a
# cost allocation tag in the paying account, and only from that day on.

module "contract" {
  source  = "../../contract"
  context = var.context
}

locals {
  owner = {
    project     = var.context.project
    team        = var.context.team
    cost-center = var.context.cost_center
  }[var.scope]

  # By threshold, so that one more does not move the others.
  alerts = merge(
    { for threshold in var.thresholds : "actual-${threshold}" => { type = "ACTUAL", threshold = threshold } },
    { forecast = { type = "FORECASTED", threshold = 100 } },
  )
}

resource "aws_budgets_budget" "this" {
  name         = "${module.contract.names.budget}-${var.scope}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget)
  limit_unit   = "USD"
  tags         = module.contract.tags

  # One value only: AWS reads several tags of one filter as "or".
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:%s$%s", var.scope, local.owner)]
  }

  # Discounts and credits of the company would hide what a project uses.
  cost_types {
    include_credit = false
    include_refund = false
  }

  dynamic "notification" {
    for_each = local.alerts

    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.value.type
      threshold                  = notification.value.threshold
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = sort(var.emails)
    }
  }
}
