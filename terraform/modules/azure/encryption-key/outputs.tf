output "key_id" {
  description = "Address of the key without a version: who uses it gets the newest."
  value       = azurerm_key_vault_key.this.versionless_id

  # Whoever uses it should find it open already.
  depends_on = [azurerm_role_assignment.this]
}

output "key_version_id" {
  description = "Address of the newest version, for what cannot follow the key by itself."
  value       = azurerm_key_vault_key.this.id

  depends_on = [azurerm_role_assignment.this]
}

output "key_scope" {
  description = "Resource id of the key, to give roles on."
  value       = azurerm_key_vault_key.this.resource_versionless_id
}

output "vault_id" {
  description = "Resource id of the vault."
  value       = azurerm_key_vault.this.id
}

output "identity_id" {
  description = "Resource id of the identity that opens the key."
  value       = azurerm_user_assigned_identity.this.id
}

output "identity_client_id" {
  description = "Client id of the identity that opens the key."
  value       = azurerm_user_assigned_identity.this.client_id
}

output "gitops_metadata" {
  description = "What Argo CD needs of this module."
  value = {
    region            = var.context.region
    encryption_key_id = azurerm_key_vault_key.this.versionless_id
  }
}
