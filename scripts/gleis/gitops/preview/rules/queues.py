"""Jobs wait in a queue: the project's, which leads to its team's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gleis.contract.problem import shown
from gleis.gitops.preview.rules.owner import Owner

LABEL = "kueue.x-k8s.io/queue-name"
JOBS = ("Job", "JobSet", "RayCluster", "RayJob", "TrainJob")
Broken = Iterator[tuple[str, str]]


def queued(item: Any) -> str | None:
    """The queue that a job names; empty where it names none, None for what is no job."""
    if item.get("kind") == "CronJob":
        item = {"kind": "Job", **((item.get("spec") or {}).get("jobTemplate") or {})}
    if item.get("kind") not in JOBS:
        return None
    return str(((item.get("metadata") or {}).get("labels") or {}).get(LABEL, ""))


def job(item: Any, owner: Owner) -> Broken:
    """A job without a queue goes around every quota."""
    if owner.is_tenant and queued(item) == "":
        yield "queue", f"it lacks the label {LABEL}"


def local_queue(item: Any, owner: Owner) -> Broken:
    """A project's queue leads to its own team's ClusterQueue."""
    if owner.is_tenant and item.get("kind") == "LocalQueue":
        leads = (item.get("spec") or {}).get("clusterQueue")
        if leads != owner.team:
            yield "queue", f"it leads to the ClusterQueue {shown(leads)}, not to that of the team"
