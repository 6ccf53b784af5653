output "budget_name" {
  description = "Name of the budget in AWS Budgets."
  value       = aws_budgets_budget.this.name
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region         = var.context.region
    budget_name    = aws_budgets_budget.this.name
    monthly_budget = tostring(var.monthly_budget)
  }
}
