"""`infra-plan`, with a real Terraform: what it plans against, what stops it, what it leaves behind.

The module is of `terraform_data` alone, so no cloud is asked; the stack is as `tenants` is.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.terraform.rig import Terraform, find

from gleis.contract import platform, project
from gleis.errors import ToolMissing
from gleis.infra import team_state
from gleis.infra.stateful import STATEFUL
from gleis.infra.team_state import Backend
from gleis.pipeline import graph
from gleis.pipeline.stage import Context
from gleis.stages import infra_plan

REPO = Path(__file__).parent.parent.parent
NAME = "bearing-wear"

MODULE = """\
variable "cost_center" {}
variable "budget" {}
variable "name" {}

resource "terraform_data" "tags" {
  input = "${var.cost_center}, ${var.budget}"
}

module "data" {
  source = "./data"
  name   = var.name
}
"""
DATA = """\
variable "name" {}

resource "terraform_data" "this" {
  for_each         = toset(["raw"])
  input            = "${var.name}-${each.key}"
  triggers_replace = var.name
}
"""
INFRA = """\
locals {
  contract = yamldecode(file("${path.module}/../project.yaml")).metadata
}

variable "environment" {}
variable "organisation" {}
variable "account" {}
variable "monthly_budget" { default = 500 }

module "project" {
  source      = "./made"
  name        = "${var.organisation}-${local.contract.name}-${var.environment}"
  cost_center = local.contract.costCenter
  budget      = var.monthly_budget
}
"""
STACK = """\
locals {
  budgets = { "bearing-wear" = 700, "bearing-wear-two" = 9 }
}

module "project" {
  source      = "./made"
  for_each    = local.budgets
  name        = "acme-${each.key}-dev"
  cost_center = "CC-4711"
  budget      = each.value
}

output "inputs" {
  value = { for name, budget in local.budgets : name => { monthly_budget = budget } }
}
"""
Make = Callable[..., Context]


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return find(tmp_path_factory.mktemp("home"))


def written(folder: Path, main: str) -> Path:
    """A root with the module that it calls."""
    (folder / "made" / "data").mkdir(parents=True)
    (folder / "main.tf").write_text(main)
    (folder / "made" / "main.tf").write_text(MODULE)
    (folder / "made" / "data" / "main.tf").write_text(DATA)
    return folder


@pytest.fixture(scope="session")
def applied(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state after the platform applied its stack for two projects of the team."""
    folder = written(tmp_path_factory.mktemp("stack"), STACK)
    terraform.checked(folder, "init", "-no-color")
    terraform.checked(folder, "apply", "-no-color", "-auto-approve")
    return folder / "terraform.tfstate"


@pytest.fixture
def state(applied: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(applied, tmp_path / "team.tfstate"))


@pytest.fixture
def context(
    terraform: Terraform, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """The repo of one of the two, whose team's state is the file `state`."""
    root = tmp_path / "repo"
    written(root / "infra", INFRA)
    shutil.copy(REPO / "tests/check/fixtures/base/project.yaml", root)
    monkeypatch.setenv("GLEIS_TERRAFORM", shlex.join(terraform.argv))
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(team_state, "backend", lambda *_: Backend("local", {"path": str(state)}))
    named = platform.Infra("acme", {"aws": {"dev": {"bucket": "b", "region": "eu-central-1"}}})
    organisation = replace(platform.load(REPO / "platform.yaml"), infra=named)
    (root / ".gleis").mkdir()
    return Context(
        root, project.load(root, organisation), organisation,
        graph.load().stage("infra-plan"), "dev", root / ".gleis" / "infra-plan.log",
        lambda _: None, _never, _never, _never,
    )  # fmt: skip


def _never() -> object:
    raise AssertionError("infra-plan needs no environment of the project")


def said(context: Context) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(context.out("infra-plan.json").read_text())
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def waive(context: Context, path: str, **more: str) -> None:
    from gleis import evidence

    entry = {
        "rule": "INFRA/destroy", "path": path, "owner": "vision-ml@example.com",
        "approver": "ml-platform@example.com", "ticket": "T-1",
        "reason": "The data were moved to another store", "expires": "2099-01-01",
        "created": str(evidence.now().date()), **more,
    }  # fmt: skip
    from datetime import date, timedelta

    entry["expires"] = str(date.fromisoformat(entry["created"]) + timedelta(days=7))
    (context.root / "waivers.yaml").write_text(
        json.dumps({"apiVersion": "gleis/v1", "kind": "Waivers", "waivers": [entry]})
    )


# --- what it is planned against -----------------------------------------------------------------


def test_after_an_apply_with_the_same_inputs_nothing_changes(context: Context, state: Path) -> None:
    before = state.read_bytes()
    outcome = infra_plan.run(context)
    assert outcome.verdict == "passed", outcome.reason
    assert outcome.summary.startswith("nothing changes; planned against the 2 resources")
    assert said(context)["counts"] == {"no-op": 2}
    assert state.read_bytes() == before


def test_a_change_of_the_contract_is_shown_and_stops_nobody(context: Context) -> None:
    edit(context.root / "project.yaml", "CC-4711", "CC-4720")
    outcome = infra_plan.run(context)
    assert outcome.verdict == "passed"
    (change,) = said(context)["changes"]
    assert change["address"] == "module.project.terraform_data.tags"
    page = context.out("infra-plan.md").read_text()
    assert "CC-4711, 700" in page
    assert "CC-4720, 700" in page


def test_nothing_of_the_teams_other_projects_is_seen(context: Context) -> None:
    infra_plan.run(context)
    for name in ("infra-plan.json", "infra-plan.md"):
        assert "bearing-wear-two" not in context.out(name).read_text()


def test_nothing_is_left_behind_and_the_repo_is_as_it_was(context: Context) -> None:
    before = sorted(path for path in context.root.rglob("*") if ".gleis" not in path.parts)
    infra_plan.run(context)
    after = sorted(path for path in context.root.rglob("*") if ".gleis" not in path.parts)
    assert after == before
    assert not list((context.root / infra_plan.SCRATCH).iterdir())


def test_a_state_that_cannot_be_read_is_said_and_everything_is_new(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Backend("local", {"path": "x", "no_such_setting": "y"})
    monkeypatch.setattr(team_state, "backend", lambda *_: broken)
    outcome = infra_plan.run(context)
    assert outcome.verdict == "passed"
    assert "planned from nothing" in outcome.summary
    assert "could not be read" in outcome.summary
    assert "no_such_setting" in context.log.read_text()
    assert said(context)["counts"] == {"create": 2}


def test_before_the_first_apply_everything_is_new_and_that_is_said(
    context: Context, state: Path
) -> None:
    state.unlink()
    assert "there is no state of team" in infra_plan.run(context).summary


def test_a_project_that_the_team_has_not_onboarded_is_said(context: Context, state: Path) -> None:
    edit(state, f'module.project[\\"{NAME}\\"]', 'module.project[\\"other\\"]')
    outcome = infra_plan.run(context)
    assert "has nothing of bearing-wear" in outcome.summary
    assert said(context)["counts"] == {"create": 2}


def test_inputs_that_the_state_does_not_tell_are_said_to_be_defaults(
    context: Context, state: Path
) -> None:
    found = json.loads(state.read_text())
    state.write_text(json.dumps({**found, "outputs": {}}))
    outcome = infra_plan.run(context)
    assert "with defaults" in outcome.summary
    assert said(context)["counts"] == {"update": 1, "no-op": 1}


def test_an_override_file_of_the_repo_counts_but_its_backend_does_not(context: Context) -> None:
    (context.root / "infra" / "override.tf").write_text(
        'terraform {\n  backend "http" {\n    address = "http://127.0.0.1:1/state"\n  }\n}\n'
        'module "project" {\n  cost_center = "CC-0001"\n}\n'
    )
    infra_plan.run(context)
    assert said(context)["counts"] == {"update": 1, "no-op": 1}


# --- where there is nothing to plan -------------------------------------------------------------


def without_terraform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLEIS_TERRAFORM", "/nowhere/terraform")


def test_without_a_state_in_platform_yaml_it_passes_without_terraform_and_says_so(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_terraform(monkeypatch)
    plain = replace(context, platform=replace(context.platform, infra=None))
    outcome = infra_plan.run(plain)
    assert outcome.verdict == "passed"
    assert outcome.summary == (
        "nothing was planned: platform.yaml names no state of the infrastructure (infra)"
    )
    assert said(context)["planned"] is False
    assert outcome.summary in context.out("infra-plan.md").read_text()


def test_an_environment_whose_state_is_not_named_is_said(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_terraform(monkeypatch)
    monkeypatch.setattr(team_state, "backend", lambda *_: None)
    assert "infra.states.aws.dev" in infra_plan.run(context).summary


def test_a_repo_from_before_there_was_infra_is_told_how_to_get_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_terraform(monkeypatch)
    shutil.rmtree(context.root / "infra")
    assert "`gleis update` brings it" in infra_plan.run(context).summary


def test_a_terraform_that_is_needed_and_missing_is_no_pass(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_terraform(monkeypatch)
    with pytest.raises(ToolMissing):
        infra_plan.run(context)


# --- what stops it ------------------------------------------------------------------------------

LOST = "module.project.module.data.terraform_data.this"


@pytest.fixture
def renamed(context: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The repo after a change that replaces what holds its data."""
    monkeypatch.setitem(STATEFUL, "terraform_data", "what was learned")  # type: ignore[arg-type]
    edit(context.root / "infra" / "main.tf", "${local.contract.name}", "${local.contract.name}-x")
    return context


def test_to_lose_what_cannot_be_made_again_is_a_no(renamed: Context) -> None:
    outcome = infra_plan.run(renamed)
    assert outcome.verdict == "failed"
    assert f'{LOST}["raw"] would be replaced, and with it what was learned' in outcome.reason
    assert f"waive INFRA/destroy for path {LOST}" in outcome.reason
    assert [each["rule"] for each in outcome.findings] == ["INFRA/destroy"]
    assert said(renamed)["destroysState"] == [f'{LOST}["raw"]']


def test_a_waiver_for_the_address_lets_it_go(renamed: Context) -> None:
    waive(renamed, LOST)
    outcome = infra_plan.run(renamed)
    assert outcome.verdict == "passed", outcome.reason
    assert outcome.findings[0]["waiver"]["ticket"] == "T-1"


def test_the_fingerprint_in_the_message_narrows_a_waiver_to_one_instance(renamed: Context) -> None:
    marked = infra_plan.run(renamed).findings[0]["fingerprint"]
    waive(renamed, LOST, fingerprint=marked)
    assert infra_plan.run(renamed).verdict == "passed"
    waive(renamed, LOST, fingerprint="0" * 32)
    assert infra_plan.run(renamed).verdict == "failed"


def test_a_waiver_for_another_address_changes_nothing(renamed: Context) -> None:
    waive(renamed, "module.project.terraform_data.tags")
    assert infra_plan.run(renamed).verdict == "failed"


def test_a_waiver_whose_cause_was_applied_stops_nobody(context: Context) -> None:
    waive(context, LOST)
    outcome = infra_plan.run(context)
    assert outcome.verdict == "passed"
    assert [each["rule"] for each in outcome.findings] == ["waiver-unused"]


# --- who asks -----------------------------------------------------------------------------------


def test_in_ci_the_project_asks_as_its_own_role(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in infra_plan._CREDENTIALS:
        monkeypatch.delenv(name, raising=False)

    class Build:
        name = "github"

        def oidc_token(self, audience: str) -> str:
            assert audience == "sts.amazonaws.com"
            return "a-token"

    monkeypatch.setattr(infra_plan.ci, "detect", lambda _: Build())
    file = context.root / ".gleis" / "token"
    identity = infra_plan._Identity(context, file)

    said = identity.renewed()

    assert said["AWS_ROLE_ARN"] == (
        "arn:aws:iam::111111111111:role/drivetrain-bearing-wear-dev-deploy"
    )
    assert file.read_text() == "a-token"
    assert file.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert identity.renewed() == {}
