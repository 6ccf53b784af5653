"""What has to be true before a release may reach an environment. Pure: values in, reasons out."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from gleis.contract.project import Metric
from gleis.gitops.records import Release, Tenant

RUN = "run"  # where a release comes from when it has not been in an environment yet
PRODUCTION = "prod"
# Events that nobody stands behind: the clock, or a measurement.
UNATTENDED = frozenset({"schedule", "drift"})
_APPROVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


@dataclass(frozen=True)
class Author:
    """Who wrote the source commit: every name and address under which they might appear."""

    names: tuple[str, ...]
    emails: tuple[str, ...]

    @property
    def aliases(self) -> frozenset[str]:
        """Names, addresses, and what stands before the @ (a login, on many hosts)."""
        found = {name.casefold() for name in (*self.names, *self.emails)}
        for email in self.emails:
            local = email.casefold().partition("@")[0]
            found |= {local, local.rpartition("+")[2], local.partition("+")[0]}
        return frozenset(found - {""})


def order(environments: Collection[str], source: str, target: str) -> list[str]:
    """The step `source` → `target` must be the contract's next one."""
    chain = [RUN, *environments]
    if target not in environments:
        return [
            f"{target} is not an environment of this project (delivery.environments: "
            f"{', '.join(environments)})"
        ]
    before = chain[chain.index(target) - 1]
    if source != before:
        return [f"{target} comes after {before}, not after {source}: promote --from {before}"]
    return []


def evidence(release: Release, required: Collection[str]) -> list[str]:
    """Every stage that the project's pipeline has for this step must have passed."""
    missing = [stage for stage in required if stage not in release.evidence.stages]
    if not missing:
        return []
    what = "the SOPs were not checked" if missing == ["sop"] else "the evidence is incomplete"
    return [f"{what}: no passed {', '.join(missing)} stands behind v{release.model_version}"]


def metrics(release: Release, metric: Metric) -> list[str]:
    """The contract's metric must be there and reach today's floor."""
    value = release.metrics.get(metric.name, math.nan)
    if math.isnan(value):
        return [f"the metric {metric.name} of the contract was not measured"]
    if not metric.better_or_equal(value, metric.floor):
        return [f"{metric.name} = {value:.6g} misses the floor {metric.floor:.6g} of the contract"]
    return []


def approval_needed(environment: str, event: str, risks: Collection[str]) -> bool:
    """Production takes a person's word, except for retraining of models of minimal risk.

    `risks` are what the tenant record and the contract say; the stricter one counts.
    """
    if environment != PRODUCTION:
        return False
    return not (event in UNATTENDED and set(risks) == {"minimal"})


def approval(
    environment: str, event: str, risks: Collection[str], approver: str, author: Author | None
) -> list[str]:
    """An approver is named where one is needed, and is not who wrote the source commit."""
    if approver and not _APPROVER.fullmatch(approver):
        return ["the approver must be a login or a mail address without spaces"]
    needed = approval_needed(environment, event, risks)
    if needed and not approver:
        if event in UNATTENDED:
            risk = " and ".join(sorted(set(risks) - {"minimal"}))
            return [
                f"retraining by {event} reaches {environment} without a person for risk minimal "
                f"only, and this model's risk is {risk}: name one with --approver"
            ]
        return [f"{environment} needs an approval: name who gave it with --approver"]
    if not approver or environment != PRODUCTION:
        return []
    if author is None:
        return [
            "who wrote the source commit is not known here, so nobody can be shown to be somebody "
            "else: fetch the commit into this checkout (git fetch --unshallow)"
        ]
    asked = approver.casefold()
    if {asked, asked.partition("@")[0]} & author.aliases:
        return [f"{approver} wrote the source commit: somebody else has to approve it"]
    return []


def same_release(expected: Release, found: Release | None, environment: str) -> list[str]:
    """What is promoted must be what the environment before it runs."""
    if found is None:
        return [f"nothing runs in {environment} yet: promote to {environment} first"]
    if not expected.same_workload(found):
        return [
            f"{environment} runs v{found.model_version} (image {found.image_digest[:19]}), not "
            f"v{expected.model_version} (image {expected.image_digest[:19]})"
        ]
    return []


def same_project(tenant: Tenant, project: str, team: str) -> list[str]:
    """The record must be the contract's own."""
    if (tenant.project, tenant.team) != (project, team):
        return [f"the record is of {tenant.name}, the contract of {team}/{project}"]
    return []
