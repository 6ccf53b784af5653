"""What must hold of records and objects beyond their schemas.

A rule on one object is a function in one of the files here, listed in `OF_OBJECTS`: it takes the
object and whose it is, and yields the name of a rule of `finding.RULES` with what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gleis.gitops.preview.rules import naming, queues, tenancy, workloads
from gleis.gitops.preview.rules.owner import Owner

Broken = tuple[str, str]
OF_OBJECTS: tuple[Callable[[Any, Owner], Iterator[Broken]], ...] = (
    naming.name,
    naming.labels,
    tenancy.namespace,
    tenancy.cluster_scope,
    tenancy.project,
    tenancy.subjects,
    tenancy.roles,
    tenancy.traffic,
    workloads.limits,
    workloads.images,
    workloads.pod_security,
    queues.job,
    queues.local_queue,
)


def broken(item: Any, owner: Owner) -> list[Broken]:
    """Every rule that `item` breaks; `owner` is whose it is."""
    return [each for rule in OF_OBJECTS for each in rule(item, owner)]
