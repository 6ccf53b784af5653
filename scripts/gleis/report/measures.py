"""The tables of measurements: overall, by slice, gate, champion against challenger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gleis.report.model import Evidence, GateRow, Interval, Slice
from gleis.report.plots import Domain, Strip, domain, strip
from gleis.report.verdict import lower_is_better
from gleis.report.words import UNKNOWN, apart, number, signed

SHARES = {"f1_macro", "accuracy", "balanced_accuracy", "precision", "recall", "roc_auc"}


@dataclass(frozen=True)
class Row:
    """A metric, what it measured, and where it lies against its floor."""

    name: str
    value: str
    interval: str
    goal: str
    floor: str
    primary: bool
    strip: Strip
    ends: tuple[str, str]


@dataclass(frozen=True)
class SliceRow:
    value: str
    rows: int | None
    cells: tuple[tuple[str, str], ...]
    strip: Strip | None
    outcome: bool | None


@dataclass(frozen=True)
class SliceTable:
    column: str
    metrics: tuple[str, ...]
    rows: tuple[SliceRow, ...]
    ends: tuple[str, str]
    floor: str


@dataclass(frozen=True)
class GateLine:
    scope: str
    kind: str
    metric: str
    value: str
    relation: str
    bound: str
    margin: str
    ok: bool | None


@dataclass(frozen=True)
class Duel:
    """One metric of champion and challenger in a common frame."""

    name: str
    champion: str
    challenger: str
    difference: str
    outcome: str
    champion_strip: Strip
    challenger_strip: Strip
    ends: tuple[str, str]


def overall(evidence: Evidence) -> tuple[Row, ...]:
    """Every overall metric, the primary one first."""
    metrics = evidence.metrics
    names = sorted(metrics.overall, key=lambda name: name != metrics.primary)
    return tuple(_row(name, evidence) for name in names)


def _row(name: str, evidence: Evidence) -> Row:
    measured, floor = evidence.metrics.overall[name], floor_of(name, evidence)
    lower = lower_is_better(name, evidence)
    word = "limit" if lower else "floor"
    frame = _frame(name, [measured], [floor])
    return Row(
        name=name,
        value=number(measured.value),
        interval=span(measured),
        goal="lower is better" if lower else "higher is better",
        floor=(f"{'≤' if lower else '≥'} {number(floor)}") if floor is not None else "",
        primary=name == evidence.metrics.primary,
        strip=strip(measured, frame, [("floor", word, floor)] if floor is not None else []),
        ends=_ends(frame),
    )


def floor_of(metric: str, evidence: Evidence) -> float | None:
    """The overall floor that the gate used, else the one in the contract."""
    found = evidence.statement("evaluate")
    for row in found.gate if found else ():
        if row.kind == "floor" and row.metric == metric and row.scope in {"overall", ""}:
            return row.bound
    return evidence.project.floor if metric == evidence.project.metric else None


def slices(evidence: Evidence) -> tuple[SliceTable, ...]:
    """One table for each slice column, with the primary metric drawn."""
    by_column: dict[str, list[Slice]] = {}
    for entry in evidence.metrics.slices:
        by_column.setdefault(entry.column, []).append(entry)
    return tuple(_slice_table(column, found, evidence) for column, found in by_column.items())


def _slice_table(column: str, found: list[Slice], evidence: Evidence) -> SliceTable:
    primary = evidence.metrics.primary
    names = dict.fromkeys(name for entry in found for name in entry.metrics)
    metrics = tuple(sorted(names, key=lambda name: name != primary))[:6]
    lead = primary if primary in names else (metrics[0] if metrics else "")
    statement = evidence.statement("evaluate")
    gate = {(r.scope, r.metric, r.kind): r for r in (statement.gate if statement else ())}
    floors = [gate.get((f"{column}={e.value}", lead, "floor")) for e in found]
    bounds = [row.bound for row in floors if row and row.bound is not None]
    frame = _frame(lead, [e.metrics[lead] for e in found if lead in e.metrics], bounds)
    rows = []
    for entry, held in zip(found, floors, strict=True):
        marks = [("floor", "floor", held.bound)] if held and held.bound is not None else []
        measured = entry.metrics.get(lead)
        judged = [r.ok for r in gate.values() if r.scope == f"{column}={entry.value}"]
        rows.append(
            SliceRow(
                value=entry.value,
                rows=entry.rows,
                cells=tuple(_cell(entry.metrics.get(name)) for name in metrics),
                strip=strip(measured, frame, marks) if measured else None,
                outcome=False if False in judged else True if True in judged else None,
            )
        )
    return SliceTable(
        column, metrics, tuple(rows), _ends(frame), number(bounds[0]) if bounds else ""
    )


def gate(evidence: Evidence) -> tuple[GateLine, ...]:
    """The gate's comparisons, refused ones first."""
    found = evidence.statement("evaluate")
    rows = sorted(found.gate if found else (), key=lambda row: row.ok is not False)
    return tuple(_gate_line(row, evidence) for row in rows)


def _gate_line(row: GateRow, evidence: Evidence) -> GateLine:
    lower = lower_is_better(row.metric, evidence)
    margin = None
    if row.value is not None and row.bound is not None:
        margin = row.bound - row.value if lower else row.value - row.bound
    value, bound = apart(row.value, row.bound)
    kinds = {"floor": "limit" if lower else "floor", "champion": "champion, less tolerance"}
    return GateLine(
        scope=row.scope or "overall",
        kind=kinds.get(row.kind, row.kind),
        metric=row.metric,
        value=value,
        relation="≤" if lower else "≥",
        bound=bound,
        margin=signed(margin, max(value, bound, key=lambda t: len(t.partition(".")[2]))),
        ok=row.ok,
    )


def duels(evidence: Evidence) -> tuple[Duel, ...]:
    """Every overall metric that both the champion and the challenger have."""
    found = evidence.statement("evaluate")
    if found is None or found.champion is None:
        return ()
    old, new = found.champion.overall, evidence.metrics.overall
    names = sorted(
        (name for name in new if name in old), key=lambda name: name != evidence.metrics.primary
    )
    return tuple(_duel(name, old[name], new[name], evidence) for name in names)


def _duel(name: str, old: Interval, new: Interval, evidence: Evidence) -> Duel:
    frame = _frame(name, [old, new], [])
    before, after = apart(old.value, new.value)
    gain = new.value - old.value
    better = gain < 0 if lower_is_better(name, evidence) else gain > 0
    outcome = "same" if gain == 0 else "better" if better else "worse"
    if outcome != "same" and _overlap(old, new):
        outcome += ", intervals overlap"
    return Duel(
        name=name,
        champion=before,
        challenger=after,
        difference=signed(gain, after),
        outcome=outcome,
        champion_strip=strip(old, frame),
        challenger_strip=strip(new, frame),
        ends=_ends(frame),
    )


def _overlap(left: Interval, right: Interval) -> bool:
    if left.low is None or left.high is None or right.low is None or right.high is None:
        return False
    return left.low <= right.high and right.low <= left.high


def _frame(name: str, measured: Iterable[Interval], bounds: Iterable[float | None]) -> Domain:
    values = [v for m in measured for v in (m.value, m.low, m.high) if v is not None]
    values += [bound for bound in bounds if bound is not None]
    inside = name in SHARES and all(0 <= value <= 1 for value in values)
    return domain(values, within=(0.0, 1.0) if inside else None)


def _ends(frame: Domain) -> tuple[str, str]:
    width = frame.high - frame.low
    digits = 3 if width < 0.1 else 2 if width < 1 else 1 if width < 10 else 0
    return number(frame.low, digits), number(frame.high, digits)


def span(measured: Interval) -> str:
    """The interval's two ends."""
    if measured.low is None or measured.high is None:
        return UNKNOWN
    return f"{number(measured.low)} to {number(measured.high)}"


def _cell(measured: Interval | None) -> tuple[str, str]:
    if measured is None:
        return UNKNOWN, ""
    return number(measured.value), span(measured) if measured.low is not None else ""
