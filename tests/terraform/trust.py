"""Who gets which role: the table of trust.yaml, and the policies as Terraform computes them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from . import iam
from .rig import Terraform

TABLE = Path(__file__).with_name("trust.yaml")
ACCOUNT = "123456789012"
AUDIENCE = "sts.amazonaws.com"
ROLES = ("build", "deploy", "read")
Policy = dict[str, Any]
# One trust policy for each role.
Policies = Mapping[str, Policy]

_CONTEXT = {
    "cloud": "aws", "organisation": "acme", "region": "eu-central-1", "environment": "dev",
    "team": "vision", "project": "lane-detection", "cost_center": "CC-4711",
    "data_class": "internal", "repo": "acme/lane-detection", "template_version": "v1.0.0",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A token, and the roles that it must get. `by`: the claim that tells a refused one apart."""

    claims: Mapping[str, str]
    gets: frozenset[str]
    by: str
    why: str

    def __str__(self) -> str:
        said = self.claims.get(self.by, "absent") if self.by else self.claims["sub"]
        return f"{self.by or 'sub'} {said} ({self.why})"


@dataclass(frozen=True)
class World:
    """What a module is given, and the rows that hold then."""

    name: str
    given: Mapping[str, Any]
    rows: tuple[Row, ...]


@cache
def worlds(audience: str) -> tuple[World, ...]:
    """The table, for a cloud whose tokens are made for `audience`."""
    table = yaml.safe_load(TABLE.read_text())
    found = []
    for name, world in table["worlds"].items():
        rows = tuple(
            row
            for said in world["rows"]
            for row in _rows(said, {"aud": audience, **table["tokens"][said["like"]]})
        )
        given = {key: world.get(key) for key in ("git", "workflow", "jenkins")}
        found.append(World(name, given, rows))
    return tuple(found)


def _rows(said: Mapping[str, Any], token: Mapping[str, str]) -> Iterator[Row]:
    changes = {
        claim: values if isinstance(values, list) else [values]
        for claim, values in said.get("with", {}).items()
    }
    for chosen in itertools.product(*changes.values()):
        claims = {**token, **dict(zip(changes, chosen, strict=True))}
        for claim in said.get("without", ()):
            del claims[claim]
        yield Row(claims, frozenset(said["gets"]), said.get("by", ""), said["why"])


def red(world: World, policies: Policies) -> Iterator[str]:
    """What the policies of one world decide otherwise than its rows say."""
    for row in world.rows:
        request = iam.web_identity(row.claims, ACCOUNT)
        got = {role for role in ROLES if iam.allows(policies[role], request)}
        if got != row.gets:
            yield f"{world.name}: gets {sorted(got)}, not {sorted(row.gets)}: {row}"


def pods() -> Iterator[tuple[Mapping[str, str], bool]]:
    """What EKS says of a pod, and whether it may have the project's role."""
    table = yaml.safe_load(TABLE.read_text())["pods"]
    yield table["right"], True
    for key, values in table["wrong"].items():
        yield {name: value for name, value in table["right"].items() if name != key}, False
        for value in values:
            yield {**table["right"], key: value}, False


def red_pods(policy: Policy) -> Iterator[str]:
    """Pods of which the policy decides otherwise than it must."""
    service = ("Service", "pods.eks.amazonaws.com")
    for context, right in pods():
        for action in ("sts:AssumeRole", "sts:TagSession"):
            if iam.allows(policy, iam.Request(action, service, context)) != right:
                yield f"{action} is {'refused' if right else 'allowed'} for {dict(context)}"
    context = next(pods())[0]
    for other in ("ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com.evil"):
        if iam.allows(policy, iam.Request("sts:AssumeRole", ("Service", other), context)):
            yield f"the service {other} gets the role of pods"


def loose(policy: Policy) -> Iterator[str]:
    """What no token shows and still is wider than it need be."""
    for statement in policy["Statement"]:
        principal = statement["Principal"]
        names = list(principal.values()) if isinstance(principal, dict) else [principal]
        if len(names) != 1 or not isinstance(names[0], str) or "*" in names[0]:
            yield f"the principal is {principal}, not one provider"
        if statement["Action"] != iam.WEB_IDENTITY:
            yield f"the action is {statement['Action']}"


def policies(terraform: Terraform, tree: Path) -> Mapping[str, Policies]:
    """By world, the trust policy of each role of the module project, that of pods as `workload`.

    `tree` is a copy of terraform/ of one's own: a folder is written into it. Providers are mocked;
    the policies are what Terraform would have written into the roles.
    """
    folder = tree / "trust"
    folder.mkdir(exist_ok=True)
    given = {world.name: world.given for world in worlds(AUDIENCE)}
    (folder / "worlds.json").write_text(json.dumps(given))
    (folder / "main.tf").write_text(_ROOT.replace("CONTEXT", json.dumps(_CONTEXT)))
    (folder / "trust.tftest.hcl").write_text(_mocked(given))
    terraform.init(folder)
    said = terraform.checked(folder, "test", "-json", "-verbose", "-no-color")
    (state,) = (line for line in said.splitlines() if '"type":"test_state"' in line)
    root = json.loads(state)["test_state"]["root_module"]
    found: dict[str, dict[str, Policy]] = {name: {} for name in given}
    for resource in _resources(root):
        if resource["type"] == "aws_iam_role":
            world = resource["address"].split('"')[1]
            role = resource.get("index", resource["name"])
            found[world][role] = json.loads(resource["values"]["assume_role_policy"])
    return found


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _mocked(given: Mapping[str, Mapping[str, Any]]) -> str:
    """A run with mocks, in which each provider has the ARN that AWS would give it."""
    overrides = []
    for name, world in given.items():
        host = world["git"]["host"]
        issuers = {
            "git": iam.GITHUB
            if host == "github.com"
            else f"token.actions.{host}"
            if host.endswith(".ghe.com")
            else f"{host}/_services/token"
        }
        if world["jenkins"]:
            issuers["jenkins"] = world["jenkins"]["issuer"].removeprefix("https://")
        for kind, issuer in issuers.items():
            arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
            overrides.append(
                "  override_resource {\n"
                f'    target = module.project["{name}"].module.ci_identity.'
                f'aws_iam_openid_connect_provider.this["{kind}"]\n'
                f'    values = {{ arn = "{arn}" }}\n  }}\n'
            )
    return _MOCKS.replace("ACCOUNT", ACCOUNT) + "".join(overrides) + "}\n"


_ROOT = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

module "project" {
  source   = "../modules/aws/project"
  for_each = jsondecode(file("worlds.json"))

  context        = CONTEXT
  git            = each.value.git
  workflow       = each.value.workflow == null ? "" : each.value.workflow
  jenkins        = each.value.jenkins
  cluster_name   = "ml-dev"
  monthly_budget = 100
  budget_emails  = ["vision@example.com"]
}
"""
_MOCKS = """\
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "ACCOUNT" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:ACCOUNT:key/1" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = { arn = "arn:aws:ecr:eu-central-1:ACCOUNT:repository/acme-ml/lane-detection" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::store" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::ACCOUNT:role/role" }
  }
}

run "the_policies" {
  command = apply

"""
