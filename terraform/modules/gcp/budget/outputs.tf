output "budget_name" {
  description = "Name of the budget in the billing account."
  value       = google_billing_budget.this.display_name
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region         = var.context.region
    budget_name    = google_billing_budget.this.display_name
    monthly_budget = tostring(var.monthly_budget)
  }
}
