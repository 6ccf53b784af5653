mock_provider "aws" {}

variables {
  context = {
    cloud            = "aws"
    organisation     = "acme"
    region           = "eu-central-1"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "cc-4711"
    data_class       = "internal"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  monthly_budget = 500
  emails         = ["leads@acme.example"]
}

run "a_projects_budget_counts_its_tag_and_warns_of_the_forecast" {
  command = plan

  assert {
    condition     = tolist([for filter in aws_budgets_budget.this.cost_filter : tolist(filter.values)]) == tolist([tolist(["user:project$lane-detection"])])
    error_message = "The budget does not count exactly what is tagged with the project."
  }
  assert {
    condition     = aws_budgets_budget.this.limit_amount == "500" && aws_budgets_budget.this.limit_unit == "USD" && aws_budgets_budget.this.time_unit == "MONTHLY"
    error_message = "The budget is not 500 US dollars a month."
  }
  assert {
    condition = toset([for alert in aws_budgets_budget.this.notification : "${alert.notification_type} ${alert.threshold}"]) == toset([
      "ACTUAL 50", "ACTUAL 80", "ACTUAL 100", "FORECASTED 100",
    ])
    error_message = "An alert is missing: actual spending at 50, 80 and 100 %, and a forecast over 100 %."
  }
  assert {
    condition     = alltrue([for alert in aws_budgets_budget.this.notification : contains(alert.subscriber_email_addresses, "leads@acme.example")])
    error_message = "An alert is sent to nobody."
  }
  assert {
    condition     = aws_budgets_budget.this.tags["cost-center"] == "cc-4711"
    error_message = "The budget lacks its cost tags."
  }
}

run "a_cost_center_has_a_budget_of_its_own" {
  command = plan

  variables {
    scope = "cost-center"
  }

  assert {
    condition     = alltrue([for filter in aws_budgets_budget.this.cost_filter : contains(filter.values, "user:cost-center$cc-4711")])
    error_message = "The budget does not count what is tagged with the cost center."
  }
  assert {
    condition     = endswith(output.budget_name, "-cost-center")
    error_message = "Budgets of project and cost center have the same name."
  }
}

run "a_budget_that_nobody_hears_of_is_refused" {
  command = plan

  variables {
    emails         = []
    scope          = "everyone"
    monthly_budget = 0
    thresholds     = [50, 60, 70, 80, 90]
  }

  expect_failures = [var.emails, var.monthly_budget, var.scope, var.thresholds]
}
