"""Names that fit everywhere, and labels that say whose an object is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gleis.contract.names import DNS_LABEL
from gleis.contract.problem import shown
from gleis.gitops.preview.rules.owner import Owner

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONGER = re.compile(r"[a-z0-9]([-a-z0-9.:]*[a-z0-9])?")  # of objects that nothing is named after
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")


def name(item: Any, owner: Owner) -> Iterator[tuple[str, str]]:
    """DNS-1123, at most 63 characters: names become labels, host names and names of pods."""
    meta = item.get("metadata") or {}
    for what in ("name", "namespace"):
        value = meta.get(what)
        if value is None and what == "namespace":
            continue
        fits = (_LABEL if owner.is_tenant or what == "namespace" else _LONGER).fullmatch(str(value))
        if not isinstance(value, str) or not fits:
            yield "name", f"metadata.{what} {shown(value)} is no DNS-1123 label"
        elif len(value) > DNS_LABEL:
            yield "name", f"metadata.{what} {shown(value)} has {len(value)} characters"
    for key, value in (meta.get("labels") or {}).items():
        if not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
            yield "name", f"the label {key} is {shown(value)}, which no label may be"


def labels(item: Any, owner: Owner) -> Iterator[tuple[str, str]]:
    """Costs, alerts and searches go by these labels."""
    if not owner.is_tenant:
        return
    said = (item.get("metadata") or {}).get("labels") or {}
    wanted = {
        "gleis.dev/team": owner.team,
        "gleis.dev/project": owner.project,
        "gleis.dev/environment": owner.environment,
        "gleis.dev/cost-center": owner.cost_center,
        "gleis.dev/data-class": owner.data_class,
    }
    for key, value in wanted.items():
        if said.get(key) != value:
            there = shown(said[key]) if key in said else "missing"
            yield "labels", f"the label {key} is {there}, where {shown(value)} belongs"
