mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012", billing_account = "01A2B3-C4D5E6-F7A8B9" }
  }
}

variables {
  context = {
    cloud            = "gcp"
    organisation     = "acme"
    region           = "europe-west3"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4711"
    data_class       = "internal"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  monthly_budget = 499.5
  emails         = ["leads@acme.example"]
}

run "a_projects_budget_counts_its_label_and_warns_of_the_forecast" {
  command = plan

  assert {
    condition     = one(google_billing_budget.this.budget_filter).labels == tomap({ project = "lane-detection" }) && join(" ", one(google_billing_budget.this.budget_filter).projects) == "projects/123456789012"
    error_message = "The budget does not count exactly what is labelled with the project, in this environment."
  }
  assert {
    condition     = one(one(google_billing_budget.this.amount).specified_amount).units == "499" && one(one(google_billing_budget.this.amount).specified_amount).nanos == 500000000 && google_billing_budget.this.billing_account == "01A2B3-C4D5E6-F7A8B9"
    error_message = "The budget is not 499.50 a month, or in another account."
  }
  assert {
    condition = toset([for alert in google_billing_budget.this.threshold_rules : "${alert.spend_basis} ${alert.threshold_percent}"]) == toset([
      "CURRENT_SPEND 0.5", "CURRENT_SPEND 0.8", "CURRENT_SPEND 1", "FORECASTED_SPEND 1",
    ])
    error_message = "An alert is missing: actual spending at 50, 80 and 100 %, and a forecast over 100 %."
  }
  assert {
    condition     = google_monitoring_notification_channel.this["leads@acme.example"].labels["email_address"] == "leads@acme.example" && google_monitoring_notification_channel.this["leads@acme.example"].user_labels["cost-center"] == "cc-4711"
    error_message = "An alert is sent to nobody."
  }
}

run "a_cost_center_has_a_budget_of_its_own_over_all_environments" {
  command = plan

  variables {
    scope = "cost-center"
  }

  assert {
    condition     = one(google_billing_budget.this.budget_filter).labels == tomap({ cost-center = "cc-4711" })
    error_message = "The budget does not count what is labelled with the cost center."
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
