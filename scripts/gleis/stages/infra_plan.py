"""`infra-plan`: what this commit changes in the cloud, against what the platform applied.

The platform applies the module `project` for every tenant; the repo's `infra/` calls it with the
contract of this commit. Both agree where nothing changed. What the team's state holds of this
project becomes a state of a plan that is thrown away: nothing is applied, locked, refreshed or
written back (docs/decisions/011-infra-plan-reads-only.md).
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gleis import evidence, waivers
from gleis.contract import names
from gleis.errors import GleisError
from gleis.findings import Finding, Severity, fingerprint
from gleis.infra import command, plan, roots, summary, team_state, terraform
from gleis.infra.errors import TerraformFailed
from gleis.infra.stateful import STATEFUL
from gleis.infra.team_state import Backend
from gleis.pipeline import ci
from gleis.pipeline.stage import Context, Outcome
from gleis.tools.files import write_atomic

RULE = "INFRA/destroy"
CODE = "infra"
SCRATCH = ".gleis/infra-plan"
JSON, PAGE = "infra-plan.json", "infra-plan.md"
_KEPT_OUT = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan")
_LOCAL = 'terraform {\n  backend "local" {}\n}\n'

_AUDIENCE = "sts.amazonaws.com"
_ROLE_PREFIX = 50  # terraform/modules/contract: the longest name before "-deploy"
# With one of these, the runner has brought an identity of its own.
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True)
class Basis:
    """What a plan is held against: `words` say what that is, and what it lacks."""

    words: str
    state: dict[str, Any]
    inputs: dict[str, Any]


def run(context: Context) -> Outcome:
    """Fail when something that cannot be made again would go and no waiver covers it."""
    for name in (JSON, PAGE):
        context.out(name).unlink(missing_ok=True)
    where = _where(context)
    if isinstance(where, str):
        return _unplanned(context, where)
    program = terraform.find(timeout=context.timeout)
    scratch = context.root / SCRATCH / context.environment
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        identity = _Identity(context, scratch / "token")
        program = replace(program, env=identity.renewed())
        basis = _basis(context, program, where, scratch)
        found = _planned(context, program, identity, basis, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # states may hold secrets
    return _judged(context, found, basis)


def _where(context: Context) -> Backend | str:
    """Where the team's state lies, or why there is nothing to plan."""
    delivery = context.project.delivery
    if context.platform.infra is None:
        return "platform.yaml names no state of the infrastructure (infra)"
    if not (context.root / CODE / "main.tf").is_file():
        return f"this repo has no {CODE}/main.tf; `gleis update` brings it"
    team = context.project.metadata.team
    found = team_state.backend(context.platform, delivery.cloud, context.environment, team)
    place = f"infra.states.{delivery.cloud}.{context.environment}"
    return found or f"platform.yaml names no state of the infrastructure ({place})"


def _unplanned(context: Context, why: str) -> Outcome:
    """Passed, and said: not to plan is the organisation's choice, and nobody may overlook it."""
    words = f"nothing was planned: {why}"
    context.write(JSON, {"planned": False, "environment": context.environment, "basis": words})
    write_atomic(context.out(PAGE), f"### {_title(context)}\n\n{words}\n")
    return Outcome(details={"planned": False, "basis": words}, summary=words)


def _basis(context: Context, program: terraform.Terraform, where: Backend, scratch: Path) -> Basis:
    """What the platform applied, read from the team's state; nothing, where it cannot be read."""
    name, team = context.project.metadata.name, context.project.metadata.team
    whose = f"the state of team {team} in {context.environment}"
    context.say(f"reading {whose}")
    folder = scratch / "state"
    folder.mkdir()
    (folder / "backend.tf.json").write_text(where.configuration(), encoding="utf-8")
    try:
        with program.opened(roots.single(folder)) as opened:
            text = opened.state()
    except TerraformFailed as error:
        _log(context, str(error))
        words = f"{whose} could not be read (log: {context.log.name})"
        return Basis(f"planned from nothing: {words}", team_state.of_project({}, name), {})
    whole = team_state.read(text)
    state = team_state.of_project(whole, name)
    count, inputs = len(state["resources"]), team_state.inputs_of(whole, name)
    if not whole:
        words = f"planned from nothing: there is no state of team {team} in {context.environment}"
    elif not count:
        words = f"planned from nothing: {whose} has nothing of {name}"
    else:
        words = f"planned against the {count} resources that {whose} has of {name}"
        if inputs is None:
            words += ", with defaults: it does not say what else they were made with"
    return Basis(words, state, inputs or {})


def _planned(
    context: Context,
    program: terraform.Terraform,
    identity: _Identity,
    basis: Basis,
    scratch: Path,
) -> plan.Plan:
    """The plan of the repo's `infra/` against `basis`, from a copy that lies beside a contract."""
    context.say("planning")
    for each in ("project.yaml", ".copier-answers.yml"):
        if (context.root / each).is_file():
            shutil.copy2(context.root / each, scratch / each)
    folder = scratch / CODE
    shutil.copytree(context.root / CODE, folder, ignore=_KEPT_OUT)
    (folder / "zz_infra_plan_override.tf").write_text(_LOCAL, encoding="utf-8")
    (folder / "terraform.tfstate").write_text(json.dumps(basis.state), encoding="utf-8")
    given = scratch / "inputs.tfvars.json"
    given.write_text(json.dumps(_variables(context, basis)), encoding="utf-8")
    with program.opened(roots.single(folder)) as opened:
        identity.renewed()
        file = str(opened.folder / "plan")
        opened.run("plan", out=file, lock=False, refresh=False, var_file=str(given))
        return plan.Plan.read(opened.run("show", file, json=command.FLAG).stdout)


def _variables(context: Context, basis: Basis) -> dict[str, Any]:
    """What the platform gave last, and what is never its choice."""
    platform, cloud = context.platform, context.project.delivery.cloud
    clusters = [
        each.name
        for each in platform.clusters
        if each.cloud == cloud and each.environment == context.environment
    ]
    assert platform.infra is not None
    return {
        "cluster_name": clusters[0] if len(clusters) == 1 else "",
        **basis.inputs,
        "environment": context.environment,
        "organisation": platform.infra.organisation,
        "account": platform.clouds[cloud].accounts.get(context.environment, ""),
    }


def _judged(context: Context, found: plan.Plan, basis: Basis) -> Outcome:
    lost = [_finding(each) for each in plan.destroys_state(found)]
    held = waivers.hold(context.root, lost, RULE, evidence.now().date())
    # A waiver that is no longer needed stops nobody: what it covered has been applied since.
    named = (RULE, waivers.malformed("").rule)
    stopping = [each for each in held if each.waiver is None and each.rule in named]
    records = tuple(each.to_dict() for each in held)
    details = {"planned": True, "basis": basis.words, "counts": found.counts}
    said = {**details, "environment": context.environment, **found.to_dict()}
    context.write(JSON, {**said, "findings": list(records)})
    page = summary.markdown(found, title=_title(context))
    write_atomic(context.out(PAGE), f"{page}\n{basis.words}\n")
    if stopping:
        lines = "\n".join(f"  {each.file}: {each.message}. {each.remediation}" for each in stopping)
        return Outcome.failed(
            f"{len(stopping)} finding(s) against what would go:\n{lines}",
            findings=records,
            details=details,
        )
    versions = {"terraform": found.terraform_version}
    words = f"{summary.headline(found)}; {basis.words}"
    return Outcome(findings=records, details=details, versions=versions, summary=words)


def _finding(change: plan.Change) -> Finding:
    """A waiver's path is a plain name, so it names the resource without keys; the fingerprint can
    narrow it to one of several."""
    address = plan.without_keys(change.address)
    marked = fingerprint(RULE, address, change.address)
    word = "replaced" if change.kind == "replace" else "destroyed"
    return Finding(
        rule=RULE,
        severity=Severity.HIGH,
        message=f"{change.address} would be {word}, and with it {STATEFUL[change.type]}",
        remediation=f"Undo what makes it go, or waive {RULE} for path {address} in waivers.yaml "
        f"(fingerprint {marked}).",
        file=address,
        fingerprint=marked,
    )


class _Identity:
    """The project's own role on AWS, taken with the token of the CI build.

    A token lives for minutes only, so a new one is asked for before each use. Where the runner has
    credentials of its own, and in other clouds, Terraform finds what is there.
    """

    def __init__(self, context: Context, file: Path) -> None:
        self.context, self.file = context, file
        self.build = ci.detect(os.environ)

    def renewed(self) -> dict[str, str]:
        """Variables that make Terraform use it; none where it is not asked for."""
        contract, environment = self.context.project, self.context.environment
        brought = any(os.environ.get(name) for name in _CREDENTIALS)
        if contract.delivery.cloud != "aws" or brought or self.build.name == "local":
            return {}
        try:
            token = self.build.oidc_token(_AUDIENCE)
        except GleisError as error:
            _log(self.context, str(error))
            return {}
        self.file.touch(mode=0o600)
        self.file.write_text(token, encoding="utf-8")
        metadata = contract.metadata
        prefix = names.fit(metadata.team, metadata.name, environment, limit=_ROLE_PREFIX)
        account = self.context.platform.clouds["aws"].accounts.get(environment, "")
        return {
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.file),
            "AWS_ROLE_ARN": f"arn:aws:iam::{account}:role/{prefix}-deploy",
            "AWS_ROLE_SESSION_NAME": f"gleis-{metadata.name}",
        }


def _title(context: Context) -> str:
    return f"What this commit changes in {context.environment}"


def _log(context: Context, words: str) -> None:
    with context.log.open("a", encoding="utf-8") as stream:
        stream.write(f"{words}\n")
