"""The Kueue objects of each cluster, from the teams' quotas and the cluster's capacity.

One cohort, one ClusterQueue per team, one flavor per type of GPU and one for cores. A team's queue
is sure of its share, lends what it does not use, takes it back by preemption, and never has more
than the team's quota, however much is free (API: kueue.x-k8s.io/v1beta2).
"""

from __future__ import annotations

from typing import Any

from gleis.contract.platform import Cluster, Platform, Team
from gleis.gitops import quotas
from gleis.gitops.errors import GitopsError
from gleis.gitops.platform_values import LABELS
from gleis.gitops.yaml_text import text

API = "kueue.x-k8s.io/v1beta2"
FOLDER = "argocd/platform/kueue/clusters"
COHORT = "organisation"
TOPOLOGY = "machines"
GPU = "nvidia.com/gpu"
GPU_TYPE = "gleis.dev/gpu-type"  # the label that Terraform's node pools carry
# Among the pods of a node: what answers requests pushes aside what can be started again.
POD_PRIORITIES = {
    "gleis-serving": (100_000, "What answers requests"),
    "gleis-batch": (1_000, "What can be started again"),
}

# Among the jobs of a queue, what waits and what is stopped for whom: by name, value and meaning.
PRIORITIES = {
    "production": (1000, "Retraining of what serves in prod: goes first"),
    "training": (100, "What CI and people start, unless they say otherwise"),
    "exploration": (10, "Workspaces and sweeps: the first to wait, the first to be stopped"),
}


def render(platform: Platform) -> dict[str, str]:
    """File below the checkout => its text, for every cluster that has queues.

    Raises GitopsError when the quotas do not fit into the clusters.
    """
    said = quotas.objections(platform)
    if said:
        raise GitopsError("\n".join(said))
    found = {}
    for environment in dict.fromkeys(each.environment for each in platform.clusters):
        shares = quotas.shares(platform, environment)
        for cluster in quotas.queued(platform, environment):
            found[f"{FOLDER}/{cluster.name}.yaml"] = text(objects(cluster, platform.teams, shares))
    return found


def objects(
    cluster: Cluster, teams: tuple[Team, ...], shares: quotas.Shares
) -> list[dict[str, Any]]:
    """Every object that `cluster` gets; `shares` are those of its environment."""
    assert cluster.capacity is not None
    types = list(cluster.capacity.gpu)
    # Where nodes come and go, none may be there when a job is let in, and a topology would say no.
    fixed = cluster.cloud == "onprem" and bool(types)
    found: list[dict[str, Any]] = []
    if fixed:
        levels = [{"nodeLabel": "kubernetes.io/hostname"}]
        found.append(_object("Topology", TOPOLOGY, {"levels": levels}))
    found.append(_object("ResourceFlavor", quotas.CPU, {}))
    found += [_gpu_flavor(each, fixed) for each in types]
    found += [
        {**_object("WorkloadPriorityClass", name), "value": value, "description": meaning}
        for name, (value, meaning) in PRIORITIES.items()
    ]
    found += [
        {
            **_object("PriorityClass", name, api="scheduling.k8s.io/v1"),
            "value": value,
            "description": meaning,
        }
        for name, (value, meaning) in POD_PRIORITIES.items()
    ]
    found.append(_object("Cohort", COHORT, {}))
    found += [_queue(team, cluster, types, shares) for team in teams]
    return found


def _object(
    kind: str, name: str, spec: dict[str, Any] | None = None, api: str = API
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "labels": dict(LABELS)},
    }
    return made if spec is None else {**made, "spec": spec}


def _gpu_flavor(gpu_type: str, fixed: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "nodeLabels": {GPU_TYPE: gpu_type},
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
    }
    if fixed:
        spec["topologyName"] = TOPOLOGY
    return _object("ResourceFlavor", gpu_type, spec)


def _queue(team: Team, cluster: Cluster, types: list[str], shares: quotas.Shares) -> dict[str, Any]:
    groups = [_group(quotas.CPU, [quotas.CPU], team, cluster, shares)]
    if types:
        groups.append(_group(GPU, types, team, cluster, shares))
    made = _object(
        "ClusterQueue",
        team.name,
        {
            "cohortName": COHORT,
            # A namespace is a team's by its label, which only the onboarding may set.
            "namespaceSelector": {"matchLabels": {"gleis.dev/team": team.name}},
            "queueingStrategy": "BestEffortFIFO",
            "flavorFungibility": {
                "whenCanBorrow": "MayStopSearch",
                "whenCanPreempt": "TryNextFlavor",
            },
            "preemption": {
                "reclaimWithinCohort": "Any",
                "borrowWithinCohort": {"policy": "Never"},
                "withinClusterQueue": "LowerPriority",
            },
            "resourceGroups": groups,
        },
    )
    made["metadata"]["labels"] |= {
        "gleis.dev/team": team.name,
        "gleis.dev/cost-center": team.cost_center,
    }
    return made


def _group(
    resource: str, flavors: list[str], team: Team, cluster: Cluster, shares: quotas.Shares
) -> dict[str, Any]:
    listed = []
    for flavor in flavors:
        share = shares[team.name, cluster.name, flavor]
        quota = {
            "name": resource,
            "nominalQuota": share.nominal,
            "borrowingLimit": share.most - share.nominal,
        }
        listed.append({"name": flavor, "resources": [quota]})
    return {"coveredResources": [resource], "flavors": listed}
