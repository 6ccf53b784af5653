"""What must hold between records, and between records and platform.yaml."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gleis.contract import names
from gleis.contract.platform import Platform
from gleis.contract.problem import did_you_mean, shown
from gleis.findings.finding import Finding
from gleis.gitops import quotas
from gleis.gitops.preview.finding import finding
from gleis.gitops.preview.tenancy import Entry


def broken(entries: Sequence[Entry], platform: Platform) -> list[Finding]:
    """Every finding, in the order of records."""
    return [
        *_unique(entries),
        *(each for entry in entries for each in _of_one(entry, platform)),
        *_shares(entries, platform),
    ]


def _unique(entries: Sequence[Entry]) -> Iterator[Finding]:
    projects: dict[str, Entry] = {}
    namespaces: dict[str, str] = {}
    for entry in entries:
        tenant, file = entry.tenant, entry.files["project"]
        first = projects.setdefault(tenant.project, entry)
        if first is not entry:
            said = f"{tenant.name} is called as {first.tenant.name} is"
            yield finding("unique-project", said, file)
        for environment, namespace in tenant.namespaces.items():
            mine = f"{tenant.name} in {environment}"
            owner = namespaces.setdefault(namespace, mine)
            if owner != mine:
                said = f"the namespace {namespace} of {mine} is that of {owner}"
                yield finding("unique-namespace", said, file)


def _of_one(entry: Entry, platform: Platform) -> Iterator[Finding]:
    tenant, file = entry.tenant, entry.files["project"]
    team = platform.team(tenant.team)
    if team is None:
        hint = did_you_mean(tenant.team, [each.name for each in platform.teams])
        yield finding("team", f"platform.yaml has no team {shown(tenant.team)}. {hint}", file)
    elif tenant.cost_center != team.cost_center:
        said = f"cost centre {tenant.cost_center} is not that of {team.name} ({team.cost_center})"
        yield finding("cost-center", said, file)
    there = set(entry.files) - {"project"}
    for environment in sorted(set(tenant.environments) - there):
        yield finding("environment", f"{tenant.name} has no {environment}.yaml", file)
    for environment in sorted(there - set(tenant.environments)):
        said = f"{tenant.name} has no {environment}, but a file for it"
        yield finding("environment", said, entry.files[environment])
    for environment in tenant.environments:
        wanted = names.namespace(tenant.team, tenant.project, environment)
        given = tenant.namespaces.get(environment)
        if given != wanted:
            said = f"the namespace for {environment} is {shown(given)}, where {wanted} belongs"
            yield finding("namespace", said, file)
        yield from _cluster(entry, environment, platform)


def _cluster(entry: Entry, environment: str, platform: Platform) -> Iterator[Finding]:
    tenant, file = entry.tenant, entry.files["project"]
    serving, training = tenant.serving, tenant.training
    clusters = [
        each
        for each in platform.clusters
        if (each.cloud, each.environment) == (serving.cloud, environment)
    ]
    if not clusters:
        said = f"{tenant.name} wants {serving.cloud} in {environment}, where no cluster is"
        yield finding("cluster", said, file)
        return
    types = {each for cluster in clusters for each in cluster.gpu_types}
    if training and training.gpus_per_node and training.gpu_type not in types:
        said = (
            f"{tenant.name} trains on {training.gpu_type}; {clusters[0].name} has "
            f"{', '.join(sorted(types)) or 'no GPU'}"
        )
        yield finding("gpu-type", said, file)


def _shares(entries: Sequence[Entry], platform: Platform) -> Iterator[Finding]:
    """Shares of projects ≤ quota of the team; quotas of teams ≤ what clusters hold."""
    by_team: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_team[entry.tenant.team].append(entry)
    for team in platform.teams:
        for what in ("cpu", "gpu"):
            asked = sum(getattr(each.tenant.quota, what) for each in by_team[team.name])
            limit = getattr(team.quota, what)
            if asked > limit:
                said = f"projects of {team.name} ask for {asked} {what}; the team may use {limit}"
                last = by_team[team.name][-1].files["project"]
                yield finding("team-quota", said, last)
    for said in quotas.objections(platform):
        yield finding("capacity", said, "platform.yaml")
