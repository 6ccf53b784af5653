"""The smallest pieces of evidence, from untrusted JSON; nothing here raises on what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gleis.report.model import Check, Digest, Interval
from gleis.report.node import Node


def when(node: Node) -> datetime | None:
    """An RFC 3339 time in UTC."""
    try:
        found = datetime.fromisoformat(node.text(64))
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def pairs(node: Node, limit: int = 60) -> tuple[tuple[str, str], ...]:
    """An object's names with their values as text; lists are joined, nested objects counted."""
    return tuple((name, plain(value)) for name, value in node.fields(limit))


def plain(node: Node) -> str:
    if isinstance(node.value, list):
        return ", ".join(node.texts(12)) + (" …" if len(node.value) > 12 else "")
    if isinstance(node.value, dict):
        return f"{len(node.value)} entries"
    if isinstance(node.value, float) and (found := node.number()) is not None:
        return f"{found:.6g}"
    return "none" if node.value is None else node.text(200)


def interval(node: Node) -> Interval | None:
    value = node.at("value").number()
    if value is None:
        return None
    return Interval(value, node.at("low").number(), node.at("high").number())


def intervals(node: Node) -> dict[str, Interval]:
    found = ((name, interval(entry)) for name, entry in node.fields(30))
    return {name: measured for name, measured in found if measured is not None}


def digests(nodes: Iterable[Node]) -> tuple[Digest, ...]:
    return tuple(Digest(n.at("name").text(300), n.at("digest", "sha256").text(64)) for n in nodes)


def check(node: Node) -> Check:
    return Check(node.at("name").text(160), node.at("ok").flag(), node.at("detail").text())


def seconds(node: Node) -> float | None:
    """A length of time, ≥ 0."""
    found = node.number()
    return found if found is not None and 0 <= found < 1e9 else None
