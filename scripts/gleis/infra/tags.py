"""Who owns a planned resource and who pays for it: its tags (AWS, Azure) or labels (Google)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gleis.infra.plan import Change, Plan

# Those of terraform/modules/contract by which a bill is divided.
MANDATORY = ("cost-center", "team", "project", "environment")

# What is merged from the provider's defaults comes before what the resource itself says.
_PLACES = ("tags_all", "tags", "effective_labels", "terraform_labels", "labels", "user_labels")


def of(change: Change, *, before: bool = False) -> dict[str, str]:
    """The tags that the resource will have (`before`: has now), as far as they are known."""
    values = (change.before if before else change.after) or {}
    found: dict[str, str] = {}
    for place in reversed(_PLACES):
        found |= _texts(values.get(place))
    # An autoscaling group has a block for each.
    blocks = values.get("tag")
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict):
            found |= _texts({str(block.get("key")): block.get("value")})
    return found


def missing(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Mandatory tags that planned resources lack, by address.

    Resources that take no tags are not named, nor are those whose tags are known after apply only.
    """
    found: dict[str, tuple[str, ...]] = {}
    for change in plan.changes:
        if change.after is None or change.data or not _takes_tags(change):
            continue
        given = of(change)
        lacking = tuple(name for name in MANDATORY if not given.get(name))
        if lacking:
            found[change.address] = lacking
    return found


def _takes_tags(change: Change) -> bool:
    """Whether the type has tags that the code says; `tags_all` alone is merged by the provider."""
    written = ("tags", "labels", "user_labels", "tag")
    if any(change.after_unknown.get(place) is True for place in written):
        return False
    return any(place in (change.after or {}) for place in written)


def _texts(tags: Any) -> dict[str, str]:
    if not isinstance(tags, Mapping):
        return {}
    return {str(key): value for key, value in tags.items() if isinstance(value, str)}
