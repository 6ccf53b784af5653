# What every module asks first: names that fit, the tags that say who pays, and the subjects that an
# identity token of this repository's CI can have. It has no provider, so it is the same in every
# cloud.

locals {
  context = var.context
  owner   = [local.context.team, local.context.project, local.context.environment]

  # Name => its parts, and the longest that the cloud takes.
  wanted = {
    base          = { parts = local.owner, limit = 63 }
    cluster       = { parts = local.owner, limit = 63 }
    network       = { parts = local.owner, limit = 63 }
    bucket_prefix = { parts = concat([local.context.organisation], local.owner), limit = 50 }
    role_prefix   = { parts = local.owner, limit = 50 }
    registry      = { parts = [local.context.organisation, "ml"], limit = 63 }
    database      = { parts = local.owner, limit = 60 }
    key_alias     = { parts = local.owner, limit = 200 }
    budget        = { parts = local.owner, limit = 100 }
  }

  # One rule of cutting, that of scripts/gleis/contract/names.py: what fits is kept; what had to be
  # cut ends in a hash of all of it, so that two names never become one.
  joined = { for name, it in local.wanted : name => join("-", it.parts) }
  hashed = {
    for name, it in local.wanted : name =>
    "${trim(substr(local.joined[name], 0, it.limit - 9), "-")}-${substr(sha256(join("\u0000", it.parts)), 0, 8)}"
  }
  fitted = {
    for name, it in local.wanted : name =>
    length(local.joined[name]) <= it.limit ? local.joined[name] : local.hashed[name]
  }

  # GitHub's two forms of a repository in a token's subject: repositories made or renamed since
  # 2026-07-15 send their numbers too.
  plain    = var.git == null ? [] : ["repo:${var.git.owner}/${var.git.repository}"]
  numbered = try(var.git.owner_id != "" && var.git.repository_id != "", false)
  forms = concat(local.plain, local.numbered ? [
    "repo:${var.git.owner}@${var.git.owner_id}/${var.git.repository}@${var.git.repository_id}"
  ] : [])

  used = { for what in ["cpu", "gpu"] : what => sum(concat([0], [for it in values(var.claims) : it[what]])) }
  left = var.team_quota == null ? null : {
    for what in ["cpu", "gpu"] : what => var.team_quota[what] - local.used[what]
  }
}
