# What every module asks first: names that fit, the tags that say who pays, and the subjects that an
# identity token of this repository's CI can have. It has no provider, so it is the same in every
# cloud.

locals {
  context = var.context
  owner   = [local.context.team, local.context.project, local.context.environment]

  # Name => its parts, and the longest that the cloud takes.
  wanted = {
    base          = { parts = local.owner, limit = 63 }
    cluster       = { parts = local.owner, limit = local.context.cloud == "gcp" ? 40 : 63 } # GKE takes 40
    network       = { parts = local.owner, limit = 63 }
    bucket_prefix = { parts = concat([local.context.organisation], local.owner), limit = 50 }
    role_prefix   = { parts = local.owner, limit = 50 }
    registry      = { parts = [local.context.organisation, "ml"], limit = 63 }
    database      = { parts = local.owner, limit = 60 }
    key_alias     = { parts = local.owner, limit = 200 }
    budget        = { parts = local.owner, limit = 100 }
    # Google: an account's id is 30 long, of which the modules take a letter and a hyphen.
    service_account = { parts = local.owner, limit = 28 }
  }

  # Azure: letters and digits only, the same in the whole world. Without hyphens two names could run
  # into one, so these always end in the hash. A store's purpose (9 letters at most) comes behind.
  bare = {
    storage_account  = { parts = concat([local.context.organisation], local.owner), limit = 15 }
    registry_compact = { parts = concat([local.context.organisation], local.owner), limit = 40 }
  }

  # One rule of cutting, that of scripts/gleis/contract/names.py: what fits is kept; what had to be
  # cut ends in a hash of all of it, so that two names never become one.
  hashes = { for name, it in merge(local.wanted, local.bare) : name => substr(sha256(join("\u0000", it.parts)), 0, 8) }
  joined = { for name, it in local.wanted : name => join("-", it.parts) }
  cut = {
    for name, it in local.wanted : name =>
    "${trim(substr(replace(local.joined[name], "/-+/", "-"), 0, it.limit - 9), "-")}-${local.hashes[name]}"
  }
  fitted = merge(
    { for name, it in local.wanted : name => length(local.joined[name]) <= it.limit ? local.joined[name] : local.cut[name] },
    { for name, it in local.bare : name => "${substr(replace(join("", it.parts), "-", ""), 0, it.limit - 8)}${local.hashes[name]}" },
  )

  tags = {
    cost-center      = local.context.cost_center
    team             = local.context.team
    project          = local.context.project
    environment      = local.context.environment
    data-class       = local.context.data_class
    managed-by       = "terraform"
    repo             = local.context.repo
    template-version = local.context.template_version
  }

  # Google's labels are of lower-case letters, digits, hyphens and underscores, 63 at most
  # (https://cloud.google.com/resource-manager/docs/labels-overview). What is cut gets the hash, too.
  clean = { for key, value in local.tags : key => replace(lower(value), "/[^a-z0-9_-]/", "_") }
  labels = {
    for key, value in local.clean : key =>
    length(value) <= 63 ? value : "${substr(value, 0, 54)}-${substr(sha256(local.tags[key]), 0, 8)}"
  }

  # GitHub's two forms of a repository in a token's subject: repositories made or renamed since
  # 2026-07-15 send their numbers too.
  plain    = var.git == null ? [] : ["repo:${var.git.owner}/${var.git.repository}"]
  numbered = try(var.git.owner_id != "" && var.git.repository_id != "", false)
  forms = concat(local.plain, local.numbered ? [
    "repo:${var.git.owner}@${var.git.owner_id}/${var.git.repository}@${var.git.repository_id}"
  ] : [])

  # A Jenkins signs as <address>/oidc, or as <address>/job/<folder>/oidc where the credential lies in a
  # folder; the subject is the address of the job (https://plugins.jenkins.io/oidc-provider/).
  jenkins_url = var.jenkins == null ? null : trimsuffix(
    var.jenkins.url != "" ? var.jenkins.url : replace(var.jenkins.issuer, "/(/job/.*)?/oidc/?$/", ""), "/"
  )

  used = { for what in ["cpu", "gpu"] : what => sum(concat([0], [for it in values(var.claims) : it[what]])) }
  left = var.team_quota == null ? null : {
    for what in ["cpu", "gpu"] : what => var.team_quota[what] - local.used[what]
  }
}
