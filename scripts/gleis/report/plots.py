"""The geometry of the plots: numbers in, positions out. The templates draw and escape.

Positions are percent of a plot's width or height (0 left or bottom, 100 right or top), so that a
plot fits any screen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gleis.report.model import Confusion, Interval
from gleis.report.words import UNKNOWN, count, number

PAD = 0.08  # of a domain's width, free on both sides


@dataclass(frozen=True)
class Domain:
    """The range of values that a plot shows."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where `value` lies, in percent; outside values stick to the edge."""
        share = (value - self.low) / (self.high - self.low)
        if not math.isfinite(share):
            return 50.0
        return round(100 * min(1.0, max(0.0, share)), 2)


@dataclass(frozen=True)
class Mark:
    """A bound drawn as a line across a strip, such as a floor."""

    label: str
    at: float
    kind: str


@dataclass(frozen=True)
class Strip:
    """One value with its interval on a horizontal line."""

    at: float
    low: float
    high: float
    marks: tuple[Mark, ...]
    label: str


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix. `heat` is the row's share, 0 to 100."""

    count: str
    share: str
    heat: int
    hit: bool


@dataclass(frozen=True)
class HeatRow:
    label: str
    total: str
    recall: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Scatter:
    """Points as one SVG path in a square of `SIZE`, y downwards; a reference line; ticks."""

    path: str
    line: tuple[float, float, float, float]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: int
    label: str


SIZE = 300.0  # user units of a scatter plot's square


def domain(values: Iterable[float], within: tuple[float, float] | None = None) -> Domain:
    """The range of `values` with some room around it, kept inside `within` where given."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return Domain(0.0, 1.0)
    low, high = min(known), max(known)
    room = (high - low) * PAD or abs(high) * PAD or 1.0
    if not math.isfinite(room) or low - room == low or high + room == high:
        return Domain(0.0, 1.0) if low >= 0 and high <= 1 else Domain(low - 1.0, high + 1.0)
    low, high = low - room, high + room
    if within:
        low, high = max(low, within[0]), min(high, within[1])
    return Domain(low, high) if high > low else Domain(low - 0.5, high + 0.5)


def strip(measured: Interval, frame: Domain, marks: Sequence[tuple[str, str, float]] = ()) -> Strip:
    """`measured` inside `frame`; `marks` are (kind, label, value)."""
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    words = [f"value {number(measured.value)}"]
    if measured.low is not None and measured.high is not None:
        words.append(f"interval {number(low)} to {number(high)}")
    words += [f"{label} {number(value)}" for _, label, value in marks]
    return Strip(
        at=frame.place(measured.value),
        low=frame.place(min(low, high)),
        high=frame.place(max(low, high)),
        marks=tuple(Mark(label, frame.place(value), kind) for kind, label, value in marks),
        label=", ".join(words),
    )


def heat_rows(confusion: Confusion) -> tuple[HeatRow, ...]:
    """The matrix row by row: counts, each cell's share of its row, the share that is right."""
    rows = []
    for index, (label, values) in enumerate(zip(confusion.labels, confusion.matrix, strict=True)):
        total = sum(values)
        cells = tuple(
            Cell(
                count=count(value),
                share=_share(value, total),
                heat=round(100 * value / total) if total else 0,
                hit=column == index,
            )
            for column, value in enumerate(values)
        )
        recall = f"{100 * values[index] / total:.1f} %" if total else UNKNOWN
        rows.append(HeatRow(label, count(total), recall, cells))
    return tuple(rows)


def _share(part: float, whole: float) -> str:
    """Percent; neither none nor all unless it is."""
    if not whole:
        return UNKNOWN
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "<1 %"
    return ">99 %" if 99.5 <= percent < 100 else f"{percent:.0f} %"


def predicted_actual(points: Sequence[tuple[float, float]]) -> Scatter:
    """Predicted (up) over actual (right); the line is where both are equal."""
    frame = domain(value for point in points for value in point)
    return _scatter(
        [(actual, predicted) for predicted, actual in points],
        frame,
        frame,
        (0.0, SIZE, SIZE, 0.0),
        f"{len(points)} points, predicted against actual values",
    )


def residuals(points: Sequence[tuple[float, float]]) -> Scatter:
    """Residual (actual minus predicted) upwards, predicted to the right; the line is zero."""
    moved = [(predicted, actual - predicted) for predicted, actual in points]
    across = domain(x for x, _ in moved)
    reach = max((abs(y) for _, y in moved), default=1.0) * (1 + PAD) or 1.0
    up = Domain(-reach, reach) if math.isfinite(2 * reach) else Domain(-1.0, 1.0)
    middle = SIZE / 2
    return _scatter(
        moved, across, up, (0.0, middle, SIZE, middle), f"{len(points)} points, residuals"
    )


def _scatter(
    points: Sequence[tuple[float, float]],
    across: Domain,
    up: Domain,
    line: tuple[float, float, float, float],
    label: str,
) -> Scatter:
    path = "".join(
        f"M{across.place(x) * SIZE / 100:.0f} {SIZE - up.place(y) * SIZE / 100:.0f}h0"
        for x, y in points
        if math.isfinite(x) and math.isfinite(y)
    )
    return Scatter(
        path=path,
        line=line,
        x_ticks=tuple(Tick(t.at * SIZE / 100, t.text) for t in ticks(across)),
        y_ticks=tuple(Tick(SIZE - t.at * SIZE / 100, t.text) for t in ticks(up)),
        points=len(points),
        label=label,
    )


def ticks(frame: Domain, wanted: int = 4) -> tuple[Tick, ...]:
    """Round values inside `frame`, about `wanted` of them."""
    width = frame.high - frame.low
    if not math.isfinite(width) or width <= 0:
        return ()
    step = _round_step(width / wanted)
    first = math.ceil(frame.low / step)
    found = []
    for index in range(first, first + 3 * wanted):
        value = index * step
        if value > frame.high:
            break
        found.append(Tick(frame.place(value), _tick_text(value, step)))
    return tuple(found)


def _round_step(raw: float) -> float:
    power = math.floor(math.log10(raw))
    for factor in (1, 2, 5, 10):
        if factor * 10.0**power >= raw:
            return float(factor * 10.0**power)
    return float(10.0 ** (power + 1))


def _tick_text(value: float, step: float) -> str:
    if abs(value) >= 1e6 or step < 1e-4:
        return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
    return number(value, max(0, -math.floor(math.log10(step) + 1e-9)))
