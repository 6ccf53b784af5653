variables {
  context = {
    cloud = "aws", organisation = "example", region = "eu-central-1", environment = "prod"
    team  = "drivetrain", project = "bearing-wear", cost_center = "CC-4711", data_class = "internal"
    repo  = "example-org/bearing-wear", template_version = "v0.2.0"
  }
  git = { host = "github.com", owner = "example-org", repository = "bearing-wear", owner_id = "1", repository_id = "2" }
}

run "names_tags_and_both_forms_of_subjects_are_derived" {
  command = plan
  assert {
    condition     = output.names.bucket_prefix == "example-drivetrain-bearing-wear-prod" && length(output.tags) == 8
    error_message = "a name that fits was changed, or a tag is missing"
  }
  assert {
    condition = output.subjects.deploy == [
      "repo:example-org/bearing-wear:environment:prod", "repo:example-org@1/bearing-wear@2:environment:prod",
    ]
    error_message = "the subjects of a delivery are not exactly both forms"
  }
}

run "a_name_that_does_not_fit_ends_in_a_hash" {
  command = plan
  variables {
    context = {
      cloud       = "aws", organisation = "example", region = "eu-central-1", environment = "staging"
      team        = "a-team-with-quite-a-long-name", project = "a-project-with-a-long-name-of-forty-char"
      cost_center = "CC-4711", data_class = "internal", repo = "example-org/x", template_version = "v0.2.0"
    }
  }
  assert {
    condition     = length(output.names.bucket_prefix) <= 50 && can(regex("-[0-9a-f]{8}$", output.names.bucket_prefix))
    error_message = "the name was not cut and hashed"
  }
}

run "a_wildcard_in_the_repository_is_refused" {
  command = plan
  variables {
    git = { host = "github.com", owner = "example-org", repository = "*" }
  }
  expect_failures = [var.git]
}

run "a_job_of_Jenkins_is_known_by_its_address_whichever_folder_signs" {
  command = plan
  variables {
    jenkins = { issuer = "https://ci.example.com/jenkins/job/drivetrain/oidc", job = "drivetrain/bearing-wear/main" }
  }
  assert {
    condition     = output.jenkins.subjects == ["https://ci.example.com/jenkins/job/drivetrain/job/bearing-wear/job/main/"]
    error_message = "the subject is not the address of the job"
  }
}

run "an_issuer_elsewhere_needs_the_address_of_Jenkins" {
  command = plan
  variables {
    jenkins = { issuer = "https://keys.example.com/ci", job = "bearing-wear", url = "https://ci.example.com/" }
  }
  assert {
    condition     = output.jenkins.subjects == ["https://ci.example.com/job/bearing-wear/"]
    error_message = "the subject is not the address of the job"
  }
}

run "a_job_with_a_wildcard_is_refused" {
  command = plan
  variables {
    jenkins = { issuer = "https://ci.example.com/oidc", job = "drivetrain/*" }
  }
  expect_failures = [var.jenkins]
}

run "an_excess_of_the_quota_is_said_in_words" {
  command = plan
  variables {
    team_quota = { cpu = 8, gpu = 1 }
    claims     = { bearing-wear = { cpu = 4, gpu = 3 } }
  }
  assert {
    condition     = output.quota.exceeded[0] == "drivetrain holds 2 gpu more than its quota"
    error_message = "the excess was not named"
  }
}

run "less_than_nothing_cannot_be_held_or_claimed" {
  command = plan
  variables {
    team_quota = { cpu = -1, gpu = 1 }
    claims     = { bearing-wear = { cpu = 4, gpu = -3 } }
  }
  expect_failures = [var.team_quota, var.claims]
}
