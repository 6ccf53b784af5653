output "names" {
  description = "Names within each service's limit."
  value = merge(local.fitted, {
    log_group = "/gleis/${local.context.environment}/${local.context.team}/${local.context.project}"
  })
}

output "tags" {
  description = "Who owns it and who pays: on everything that takes tags. In gcp as labels, within what labels may be made of."
  value       = local.context.cloud == "gcp" ? local.labels : local.tags
}

output "subjects" {
  description = "Subjects of GitHub's identity tokens, exactly: of the default branch, of this environment, of pull requests."
  value = {
    build  = [for form in local.forms : "${form}:ref:refs/heads/${var.git.default_branch}"]
    deploy = [for form in local.forms : "${form}:environment:${local.context.environment}"]
    read   = [for form in local.forms : "${form}:pull_request"]
  }
}

output "jenkins" {
  description = "Jenkins' issuer and the subjects of the one job; null without Jenkins."
  value = var.jenkins == null ? null : {
    issuer   = var.jenkins.issuer
    subjects = ["${local.jenkins_url}/job/${replace(var.jenkins.job, "/", "/job/")}/"]
  }
}

output "quota" {
  description = "What the team's projects hold, what is left, and a sentence for each excess."
  value = {
    used = local.used
    left = local.left
    exceeded = local.left == null ? [] : [
      for what, rest in local.left : "${local.context.team} holds ${- rest} ${what} more than its quota" if rest < 0
    ]
  }
}
