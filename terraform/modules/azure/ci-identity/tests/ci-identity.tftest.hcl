mock_provider "azurerm" {
  override_during = plan

  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
      principal_id = "00000000-0000-0000-0000-0000000000aa"
      client_id    = "00000000-0000-0000-0000-0000000000bb"
    }
  }
}

variables {
  context = {
    cloud            = "azure"
    organisation     = "acme"
    region           = "germanywestcentral"
    environment      = "dev"
    team             = "vision"
    project          = "lane-detection"
    cost_center      = "CC-4720"
    data_class       = "confidential"
    repo             = "acme/lane-detection"
    template_version = "v1.0.0"
  }

  git = {
    host          = "github.com"
    owner         = "acme"
    repository    = "lane-detection"
    owner_id      = "1001"
    repository_id = "2002"
  }

  read_stores       = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acmedata/blobServices/default/containers/data"]
  write_stores      = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acmeartifacts/blobServices/default/containers/artifacts"]
  push_repositories = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/acmelanedetection"]
  encryption_keys   = ["https://acmedata.vault.azure.net/keys/data"]
}

run "each_identity_trusts_exact_subjects_in_both_forms" {
  command = plan

  assert {
    condition = { for name, credential in azurerm_federated_identity_credential.this : name => credential.subject } == {
      build-git-names    = "repo:acme/lane-detection:ref:refs/heads/main"
      build-git-numbers  = "repo:acme@1001/lane-detection@2002:ref:refs/heads/main"
      deploy-git-names   = "repo:acme/lane-detection:environment:dev"
      deploy-git-numbers = "repo:acme@1001/lane-detection@2002:environment:dev"
      read-git-names     = "repo:acme/lane-detection:pull_request"
      read-git-numbers   = "repo:acme@1001/lane-detection@2002:pull_request"
    }
    error_message = "An identity trusts others than the runs that it is for."
  }
  assert {
    condition     = alltrue([for credential in values(azurerm_federated_identity_credential.this) : credential.issuer == "https://token.actions.githubusercontent.com" && one(credential.audience) == "api://AzureADTokenExchange"])
    error_message = "A token of another issuer, or for another audience, is taken."
  }
  assert {
    condition     = alltrue([for identity in values(azurerm_user_assigned_identity.this) : identity.tags["cost-center"] == "CC-4720"])
    error_message = "An identity lacks its cost tags."
  }
}

run "pull_requests_only_read_and_nobody_reaches_more_than_was_given" {
  command = plan

  assert {
    condition     = toset([for name, role in azurerm_role_assignment.this : role.role_definition_name if startswith(name, "read ")]) == toset(["Storage Blob Data Reader"])
    error_message = "Pull requests may do more than read."
  }
  assert {
    condition     = toset([for name, role in azurerm_role_assignment.this : role.scope if startswith(name, "read ")]) == toset(var.read_stores)
    error_message = "Pull requests read a store that they were not given."
  }
  assert {
    condition     = toset([for role in values(azurerm_role_assignment.this) : role.scope]) == setunion(var.read_stores, var.write_stores, var.push_repositories)
    error_message = "A role reaches further than the stores and registries that were given."
  }
  assert {
    condition     = toset([for name, role in azurerm_role_assignment.this : role.role_definition_name if startswith(name, "deploy ")]) == toset(["AcrPull", "Storage Blob Data Reader"])
    error_message = "Deploys may do more than read."
  }
  assert {
    condition     = alltrue([for role in values(azurerm_role_assignment.this) : strcontains(role.condition, "blobs/delete") if role.role_definition_name == "Storage Blob Data Contributor"])
    error_message = "A build may delete what it wrote."
  }
}

run "jenkins_builds_and_deploys_and_never_reads_for_pull_requests" {
  command = plan

  variables {
    jenkins = {
      issuer = "https://jenkins.acme.example/oidc"
      job    = "vision/lane-detection/main"
    }
  }

  assert {
    condition = { for name, credential in azurerm_federated_identity_credential.this : name => credential.subject if credential.issuer == "https://jenkins.acme.example/oidc" } == {
      build-jenkins-0  = "https://jenkins.acme.example/job/vision/job/lane-detection/job/main/"
      deploy-jenkins-0 = "https://jenkins.acme.example/job/vision/job/lane-detection/job/main/"
    }
    error_message = "Jenkins gets another identity than build and deploy, or for another job."
  }
  assert {
    condition     = { for role, policy in output.trust_policies : role => length(jsondecode(policy)) } == { build = 3, deploy = 3, read = 2 }
    error_message = "What is shown of the credentials is not what they are."
  }
}

run "a_workflow_stands_whole_in_each_subject" {
  command = plan

  variables {
    workflow = "acme/gleis/.github/workflows/ml-pipeline.yml@refs/heads/main"
  }

  assert {
    condition     = azurerm_federated_identity_credential.this["deploy-git-names"].subject == "repo:acme/lane-detection:environment:dev:job_workflow_ref:acme/gleis/.github/workflows/ml-pipeline.yml@refs/heads/main"
    error_message = "Another workflow gets the identity."
  }
}

run "the_issuer_of_another_host_is_refused" {
  command = plan

  variables {
    provider_id = "https://token.actions.githubusercontent.com.example.com"
  }

  expect_failures = [azurerm_user_assigned_identity.this]
}

run "wildcards_and_what_is_no_id_are_refused" {
  command = plan

  variables {
    resource_group_name = "rg/other"
    workflow            = "acme/gleis/.github/workflows/ml-pipeline.yml"
    provider_id         = "https://*.githubusercontent.com"
    read_stores         = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/*"]
    write_stores        = ["/subscriptions/00000000-0000-0000-0000-000000000001"]
    push_repositories   = ["acme.azurecr.io"]
    encryption_keys     = ["data"]
  }

  expect_failures = [
    var.resource_group_name, var.workflow, var.provider_id, var.read_stores, var.write_stores, var.push_repositories, var.encryption_keys,
  ]
}
