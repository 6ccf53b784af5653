"""How large Argo CD is, from the number of projects that platform.yaml names.

The arithmetic, and where its numbers come from, is printed into docs/gitops.md by `table`.

Published (https://argo-cd.readthedocs.io/en/stable/operator-manual/high_availability/, read
2026-11): 20 status and 10 operation processors by default, 50 and 25 for 1,000 Applications; a
shard of the controller is a set of clusters, so more shards than clusters do nothing; 180 s from
one look at git to the next; 60 s for a rendering; one rendering at a time per repository and
repo-server where it writes into the clone, felt from some 50 Applications in one repository on;
a higher ARGOCD_GRPC_MAX_SIZE_MB than 200 from 3,000 Applications on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops.platform_values import needed

PER_PROJECT = 3  # Applications in each environment: its AppProject, its namespace, its service
ENVIRONMENTS = 3
PROCESSED = 1000  # Applications that 50 status and 25 operation processors are published for
STATUS, OPERATION = 50, 25
LOOK = 180  # seconds between two looks at git, by default
RENDERED = 2.0  # seconds that a chart of ours takes at most, with its fetch: our assumption
PARALLEL = 10  # renderings of one repo-server at a time: our choice, for 2 GiB of memory
LARGE = 3000  # Applications from which answers outgrow 200 MB


@dataclass(frozen=True)
class Size:
    """What Argo CD gets: `letter` is S (to 100 projects), M (to 500) or L."""

    letter: str
    projects: int
    applications: int
    shards: int
    status_processors: int
    operation_processors: int
    repo_servers: int
    servers: int
    look_seconds: int
    render_timeout_seconds: int
    grpc_megabytes: int


def size(projects: int, clusters: int) -> Size:
    """The size for `projects` in `clusters` clusters (the hub among them)."""
    applications = projects * PER_PROJECT * ENVIRONMENTS
    shards = max(1, min(clusters, math.ceil(applications / PROCESSED)))
    each = math.ceil(applications / shards)
    # Beyond what is published for one controller, the whole looks at git less often.
    status = max(20, math.ceil(STATUS * min(each, 4 * PROCESSED) / PROCESSED))
    operation = max(10, math.ceil(OPERATION * min(each, 4 * PROCESSED) / PROCESSED))
    look = LOOK if projects <= 100 else 300 if projects <= 500 else 600
    # Within one look everything may have to be rendered anew: a commit moves HEAD for all.
    servers = math.ceil(applications * RENDERED / (look * PARALLEL))
    return Size(
        letter="S" if projects <= 100 else "M" if projects <= 500 else "L",
        projects=projects,
        applications=applications,
        shards=shards,
        status_processors=status,
        operation_processors=operation,
        repo_servers=max(2, servers),
        servers=2 if projects <= 100 else 3,
        look_seconds=look,
        render_timeout_seconds=60 if projects <= 100 else 180,
        grpc_megabytes=200 if applications < LARGE else 500,
    )


def of(platform: Platform) -> Size:
    """The size for what platform.yaml says: `kubernetes.tenants`, and its clusters and the hub."""
    clusters = sum(each.kind == "kubernetes" for each in platform.clusters) + 1
    return size(needed(platform).tenants, clusters)


def values(found: Size) -> dict[str, Any]:
    """Values of the chart argo-cd for a size."""
    return {
        "configs": {
            "params": {
                "controller.status.processors": str(found.status_processors),
                "controller.operation.processors": str(found.operation_processors),
                "controller.sharding.algorithm": "consistent-hashing",
                "controller.repo.server.timeout.seconds": str(found.render_timeout_seconds),
                "reposerver.parallelism.limit": str(PARALLEL),
            },
            "cm": {
                "timeout.reconciliation": f"{found.look_seconds}s",
                # Not everybody at once.
                "timeout.reconciliation.jitter": f"{found.look_seconds // 3}s",
            },
        },
        "controller": {
            "replicas": found.shards,
            "resources": {
                "requests": {"cpu": "1", "memory": "2Gi"},
                "limits": {"memory": "2Gi" if found.letter == "S" else "8Gi"},
            },
        },
        "repoServer": {
            "replicas": found.repo_servers,
            "env": [{"name": "ARGOCD_EXEC_TIMEOUT", "value": f"{found.render_timeout_seconds}s"}],
            "resources": {
                "requests": {"cpu": "1", "memory": "1Gi"},
                "limits": {"memory": "2Gi"},
            },
        },
        "server": {
            "replicas": found.servers,
            "env": [
                {"name": "ARGOCD_API_SERVER_REPLICAS", "value": str(found.servers)},
                {"name": "ARGOCD_GRPC_MAX_SIZE_MB", "value": str(found.grpc_megabytes)},
            ],
            "resources": {
                "requests": {"cpu": "250m", "memory": "512Mi"},
                "limits": {"memory": "1Gi"},
            },
        },
    }


def table(clusters: int) -> list[tuple[str, ...]]:
    """The sizes at their upper ends, a row each, for the docs."""
    rows: list[tuple[str, ...]] = []
    for projects in (100, 500, 1000, 5000):
        each = size(projects, clusters)
        rows.append(
            (
                each.letter,
                f"{projects:,}",
                f"{each.applications:,}",
                str(each.shards),
                f"{each.status_processors} / {each.operation_processors}",
                str(each.repo_servers),
                f"{each.look_seconds} s",
                f"{each.render_timeout_seconds} s",
            )
        )
    return rows
