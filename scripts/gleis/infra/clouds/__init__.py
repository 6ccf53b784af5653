"""How resources of a cloud are priced: each module here is one cloud, named as in platform.yaml.

A module has `PREFIX` (of its types), `PRICED` (by type, a function from a `Resource` to an
`Amount`) and `region(values)`. Adding a file adds a cloud. A function raises `Unpriced` where a
price is not known; it never guesses one.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from gleis.infra.estimate import Span
from gleis.infra.plan import Change, Plan
from gleis.infra.prices import Table

_UNKNOWN: Mapping[str, Any] = {}


class Unpriced(Exception):
    """The price of something is not known; the message says of what."""


@dataclass(frozen=True)
class Amount:
    """US dollars a month, and what was assumed."""

    span: Span
    notes: tuple[str, ...] = ()

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.span + other.span, (*self.notes, *other.notes))


@dataclass(frozen=True)
class Resource:
    """A resource before or after the plan, and the table that it is priced with."""

    plan: Plan
    change: Change
    values: Mapping[str, Any]
    region: str
    table: Table
    planned: bool = True

    def price(self, group: str, kind: str) -> float:
        """US dollars for one of `kind`. Raises Unpriced."""
        found = self.table.price(self.region, group, kind)
        if found is None:
            raise Unpriced(f"{kind} in {self.region or 'an unknown region'}")
        return found

    def monthly(self, group: str, kind: str, count: float = 1.0) -> float:
        """US dollars for `count` of what is paid by the hour and runs all month."""
        return self.price(group, kind) * self.table.assumptions["hours"] * count

    def assumed(self, name: str) -> float:
        """What the table assumes. Raises Unpriced where it assumes nothing."""
        found = self.table.assumptions.get(name)
        if found is None:
            raise Unpriced(f"{name}, of which the table assumes nothing")
        return found

    def unknown(self, name: str) -> bool:
        """Whether an attribute is known after apply only."""
        return self.planned and bool(self.change.after_unknown.get(name))

    def referenced(self, type: str) -> tuple[Mapping[str, Any], ...]:
        """The values of resources of `type` that the code of this one mentions."""
        sides = (
            each.after if self.planned else each.before
            for each in self.plan.referenced(self.change, type)
        )
        return tuple(each for each in sides if each is not None)


Pricer = Callable[[Resource], Amount]


class Cloud(Protocol):
    """A module of this folder."""

    PREFIX: str
    PRICED: Mapping[str, Pricer]

    def region(self, values: Mapping[str, Any]) -> str: ...


def names() -> tuple[str, ...]:
    """The clouds that prices are known of."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def module(name: str) -> Cloud:
    """The module of the cloud `name`."""
    found: Cloud = import_module(f"{__name__}.{name}")
    return found


def block(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The one block `name`, which Terraform writes as a list; empty where there is none."""
    found = values.get(name)
    first = found[0] if isinstance(found, list) and found else found
    return first if isinstance(first, dict) else _UNKNOWN
