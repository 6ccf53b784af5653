"""What a plan costs in a month: amounts by resource, team, project and cost center."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCOPES = ("project", "team", "cost-center")
NOBODY = "(no tag)"


@dataclass(frozen=True)
class Span:
    """From and to, in US dollars a month: what runs always, and what may run at most."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Span) -> Span:
        """End by end: how much dearer the quiet month and the busiest month become."""
        return Span(self.low - other.low, self.high - other.high)

    def __mul__(self, factor: float) -> Span:
        return Span(self.low * factor, self.high * factor)

    def to_dict(self) -> dict[str, float]:
        return {"low": round(self.low, 2), "high": round(self.high, 2)}


@dataclass(frozen=True)
class Item:
    """One resource. `notes` say what was assumed; `owners` has a name for each of SCOPES."""

    address: str
    type: str
    before: Span
    after: Span
    owners: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "type": self.type,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "owners": dict(self.owners),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Budget:
    """What a project, team or cost center may spend in a month, and what the plan comes to."""

    scope: str
    name: str
    limit: float
    planned: Span

    @property
    def verdict(self) -> str:
        """`over` when even a quiet month costs more, `may be over` when a busy one does."""
        if self.planned.low > self.limit:
            return "over"
        return "may be over" if self.planned.high > self.limit else "within"

    def to_dict(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "name": self.name,
            "limit": self.limit,
            "planned": self.planned.to_dict(),
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Estimate:
    """All amounts in US dollars a month, before taxes and discounts.

    `unpriced` counts, by type, planned resources whose price is not known here: they are in no sum.
    `prices` says which tables were used, and when they were read.
    """

    items: tuple[Item, ...] = ()
    unpriced: Mapping[str, int] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    prices: tuple[str, ...] = ()

    @property
    def before(self) -> Span:
        return sum((each.before for each in self.items), Span())

    @property
    def after(self) -> Span:
        return sum((each.after for each in self.items), Span())

    @property
    def delta(self) -> Span:
        return self.after - self.before

    def by(self, scope: str) -> dict[str, Span]:
        """What each project, team or cost center (`scope`, of SCOPES) pays, the dearest first."""
        return by(self.items, scope)

    @property
    def over(self) -> tuple[Budget, ...]:
        """Budgets that even a quiet month breaks."""
        return tuple(each for each in self.budgets if each.verdict == "over")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what `gleis infra cost --json` prints."""
        return {
            "currency": "USD",
            "per": "month",
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "delta": self.delta.to_dict(),
            "by": {
                scope: {name: span.to_dict() for name, span in self.by(scope).items()}
                for scope in SCOPES
            },
            "budgets": [each.to_dict() for each in self.budgets],
            "items": [each.to_dict() for each in self.items],
            "unpriced": dict(self.unpriced),
            "prices": list(self.prices),
        }


def by(items: tuple[Item, ...], scope: str) -> dict[str, Span]:
    """The sum of each owner of `scope`, the dearest first."""
    found: dict[str, Span] = {}
    for each in items:
        owner = each.owners.get(scope, NOBODY)
        found[owner] = found.get(owner, Span()) + each.after
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].high, pair[0])))


def money(amount: float, *, signed: bool = False) -> str:
    """`1234.5` as `$1,234.50`; `signed` puts + before what is not less than nothing."""
    rounded = round(amount, 2) + 0.0  # no minus before zero
    sign = "-" if rounded < 0 else "+" if signed else ""
    return f"{sign}${abs(rounded):,.2f}"


def spelt(span: Span, *, signed: bool = False) -> str:
    """One amount, or `from to`."""
    low, high = money(span.low, signed=signed), money(span.high, signed=signed)
    return low if low == high else f"{low} to {high}"
