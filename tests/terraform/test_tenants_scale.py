"""The stack `tenants` at 10, 100 and 1,000 projects over 20 teams: what one costs all others."""

from __future__ import annotations

import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gleis.contract import names
from gleis.gitops import records

from .rig import Terraform, copy
from .rig.aws import Root, needs_real, started

ACCOUNT = "111111111111"
TEAMS = 20
SIZES = (10, 100, 1000)

pytestmark = [pytest.mark.real, pytest.mark.long]


def organisation(top: Path, projects: int) -> list[str]:
    """`projects` records, dealt out to TEAMS teams, and a platform.yaml that knows the teams."""
    teams = [f"team-{index:02}" for index in range(min(TEAMS, projects))]
    quota = "quota: {cpu: 100000, gpu: 0}"
    entries = "".join(
        f"  - {{name: {team}, owner: {team}@example.com, costCenter: CC-4711, {quota}}}\n"
        for team in teams
    )
    text = (top / "platform.yaml").read_text()
    (top / "platform.yaml").write_text(text.replace("\nteams:\n", f"\nteams:\n{entries}", 1))
    for index in range(projects):
        team, project = teams[index % len(teams)], f"model-{index:04}"
        file = top / "argocd" / "tenants" / team / project / records.PROJECT
        file.parent.mkdir(parents=True)
        tenant = records.Tenant(
            project, team, f"{team}@example.com", "CC-4711", "internal", "minimal",
            records.TenantSource(f"https://github.com/example-org/{project}.git"),
            records.TenantServing("online", "kubernetes", "aws"),
            records.Share(4, 0), ("dev",), {"dev": names.namespace(team, project, "dev")},
        )  # fmt: skip
        file.write_text(records.new_tenant(tenant, ""))
    return teams


def test_a_thousand_projects_are_planned_team_by_team(
    terraform: Terraform,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    needs_real(terraform, request.config)
    made: dict[int, int] = {}
    figures = ["tenants  resources  seconds  seconds per tenant"]
    with started(tmp_path_factory.mktemp("aws"), ACCOUNT) as aws:
        for size in SIZES:
            top = copy(tmp_path_factory.mktemp(f"of-{size}")).parent
            teams = organisation(top, size)
            stack = top / "terraform" / "stacks" / "aws" / "tenants"
            (stack / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
            Root(stack, stack / "none", terraform, aws).init()

            def plan(team: str, stack: Path = stack, root: Path = top) -> int:
                file = root / f"{team}.tfvars"
                file.write_text(
                    'organisation = "acme"\nenvironment = "dev"\ntemplate_version = "v1.2.3"\n'
                    f'team = "{team}"\ncluster_name = "ml-dev"\nprovider_id = '
                    f'"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"\n'
                )
                said = Root(stack, file, terraform, aws).checked(
                    "plan", "-no-color", "-lock=false", f"-var-file={file}"
                )
                (line,) = [each for each in said.splitlines() if each.startswith("Plan: ")]
                return int(line.split()[1])

            begun = time.monotonic()
            with ThreadPoolExecutor(2) as pool:
                made[size] = sum(pool.map(plan, teams))
            took = time.monotonic() - begun
            figures.append(f"{size:7}  {made[size]:9}  {took:7.1f}  {took / size:18.2f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures.append(f"largest process: {peak:.0f} MB")
    with capsys.disabled():
        print("\n" + "\n".join(figures))
    # Each team has one resource besides those of its projects, each project the same number.
    per_tenant = {size: (count - 2 * min(TEAMS, size)) / size for size, count in made.items()}
    assert len(set(per_tenant.values())) == 1, per_tenant
