output "store_id" {
  description = "Resource id of the storage account."
  value       = local.account_id

  # The id is known before the account is there. Whoever writes into it should find it whole.
  depends_on = [
    azurerm_storage_account.this,
    azurerm_storage_container.this,
    azurerm_storage_management_policy.this,
    azurerm_private_endpoint.this,
  ]
}

output "store_uri" {
  description = "Address of the container: abfss://… of data, as fsspec takes it, else wasbs://…, as MLflow does."
  value       = local.uri

  # The address is known before the container is there; whoever uses it should wait all the same.
  depends_on = [azurerm_storage_container.this]
}

output "store_arn" {
  description = "Resource id of the container, on which roles are given."
  value       = local.container_id

  depends_on = [azurerm_storage_container.this]
}

output "encryption_key_id" {
  description = "Address of the store's key in its vault, without a version."
  value       = module.key.key_id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region                                  = var.context.region
    "${trimsuffix(var.purpose, "s")}_store" = local.uri
  }
}
