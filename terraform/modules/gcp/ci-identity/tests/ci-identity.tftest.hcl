mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { project_id = "acme-ml-dev", number = "123456789012" }
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
    cost_center      = "CC-4720"
    data_class       = "internal"
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

  provider_id       = "projects/123456789012/locations/global/workloadIdentityPools/ci-platform-platform-dev/providers/git"
  read_stores       = ["projects/_/buckets/acme-data"]
  write_stores      = ["projects/_/buckets/acme-artifacts"]
  push_repositories = ["projects/acme-ml-dev/locations/europe-west3/repositories/acme-ml-lane-detection"]
}

run "an_account_trusts_exact_subjects_and_pull_requests_only_read" {
  command = plan

  assert {
    condition = toset(google_service_account_iam_binding.this["deploy"].members) == toset([
      "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci-platform-platform-dev/subject/repo:acme/lane-detection:environment:dev",
      "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci-platform-platform-dev/subject/repo:acme@1001/lane-detection@2002:environment:dev",
    ])
    error_message = "The deploy account trusts others than the jobs of environment dev."
  }
  assert {
    condition = alltrue([
      for binding in values(google_service_account_iam_binding.this) : binding.role == "roles/iam.workloadIdentityUser" &&
      alltrue([for member in binding.members : startswith(member, "principal://") && !strcontains(member, "*")])
    ])
    error_message = "An account trusts a set of subjects."
  }
  assert {
    condition = [for grant in values(google_storage_bucket_iam_member.this) : "${grant.bucket} ${grant.role}" if startswith(grant.member, "serviceAccount:r-")] == [
      "acme-data roles/storage.objectViewer",
    ]
    error_message = "The read account may do more than read, or reads a store that it was not given."
  }
  assert {
    condition = { for grant in values(google_artifact_registry_repository_iam_member.this) : "${grant.member} ${grant.role}" => grant.repository } == {
      "serviceAccount:b-vision-lane-detection-dev@acme-ml-dev.iam.gserviceaccount.com roles/artifactregistry.reader" = "acme-ml-lane-detection"
      "serviceAccount:b-vision-lane-detection-dev@acme-ml-dev.iam.gserviceaccount.com roles/artifactregistry.writer" = "acme-ml-lane-detection"
      "serviceAccount:d-vision-lane-detection-dev@acme-ml-dev.iam.gserviceaccount.com roles/artifactregistry.reader" = "acme-ml-lane-detection"
    }
    error_message = "Others than build push, or others than build and deploy pull."
  }
  assert {
    condition     = length(google_iam_workload_identity_pool_provider.this) == 0 && jsondecode(output.trust_policies["read"]).bindings[0].members[0] == "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci-platform-platform-dev/subject/repo:acme/lane-detection:pull_request"
    error_message = "A provider was given, and another one is made."
  }
}

run "without_a_provider_each_issuer_gets_one_that_cannot_speak_for_the_other" {
  command = plan

  variables {
    provider_id = ""
    workflow    = "acme/platform/.github/workflows/ml-pipeline.yml"
    jenkins = {
      issuer = "https://jenkins.acme.example/oidc"
      job    = "vision/lane-detection/main"
    }
  }

  assert {
    condition = { for name, provider in google_iam_workload_identity_pool_provider.this : name => one(provider.oidc).issuer_uri } == {
      git     = "https://token.actions.githubusercontent.com"
      jenkins = "https://jenkins.acme.example/oidc"
    }
    error_message = "There is not one provider for each issuer."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.this["git"].attribute_condition == "assertion.sub.startsWith('repo:') && assertion.repository == 'acme/lane-detection' && assertion.repository_id == '2002' && assertion.job_workflow_ref.startsWith('acme/platform/.github/workflows/ml-pipeline.yml@')"
    error_message = "The provider lets other repositories or other workflows in."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.this["jenkins"].attribute_condition == "assertion.sub in ['https://jenkins.acme.example/job/vision/job/lane-detection/job/main/']"
    error_message = "Jenkins can speak for another job, or for the git host."
  }
  assert {
    condition     = { for role, binding in google_service_account_iam_binding.this : role => length(binding.members) } == { build = 3, deploy = 3, read = 2 }
    error_message = "Jenkins builds and deploys, and never gets the read account."
  }
}

run "a_subject_that_google_does_not_take_is_refused_in_words" {
  command = plan

  variables {
    git = { host = "github.com", owner = "acme", repository = "lane-detection", default_branch = "release/2026-11/with-a-name-that-says-everything-about-what-is-on-it-and-then-some-more-that-nobody-reads" }
  }

  expect_failures = [google_service_account.this]
}

run "a_workflow_cannot_be_asked_of_a_shared_provider" {
  command = plan

  variables {
    workflow = "acme/platform/.github/workflows/ml-pipeline.yml"
  }

  expect_failures = [google_service_account.this]
}

run "wildcards_are_refused_before_they_reach_a_policy" {
  command = plan

  variables {
    workflow     = "acme/*/.github/workflows/ml-pipeline.yml"
    write_stores = ["projects/_/buckets/acme-*"]
    provider_id  = "projects/123456789012/locations/global/workloadIdentityPools/ci/providers/*"
  }

  expect_failures = [var.workflow, var.write_stores, var.provider_id]
}
