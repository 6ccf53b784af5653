"""What a plan costs in a month, with the prices of `terraform/prices/`.

An estimate, not a bill: list prices, whole months, and assumptions where a plan does not tell the
use. What has no price here is counted, and is in no sum.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gleis.infra import clouds, prices, tags
from gleis.infra.clouds import Amount, Resource, Unpriced
from gleis.infra.errors import InfraError
from gleis.infra.estimate import NOBODY, SCOPES, Budget, Estimate, Item, Span, by
from gleis.infra.plan import Change, Plan

# How aws_budgets_budget names what it counts: user:<tag>$<value>.
_TAG = re.compile(r"user:([a-z-]+)\$(.+)")


@dataclass(frozen=True)
class Limit:
    """What a project, team or cost center (`scope`) may spend in a month, in US dollars."""

    scope: str
    name: str
    amount: float

    @classmethod
    def parse(cls, text: str) -> Limit:
        """`team:vision=5000`. Raises InfraError."""
        scope, _, rest = text.partition(":")
        name, _, amount = rest.rpartition("=")
        if scope not in SCOPES or not name or not re.fullmatch(r"\d+(\.\d+)?", amount):
            raise InfraError(
                f"{text!r} is no budget: give SCOPE:NAME=USD, such as team:vision=5000, with a "
                f"scope of {', '.join(SCOPES)}"
            )
        return cls(scope, name, float(amount))


@dataclass(frozen=True)
class Prices:
    """The tables that there are, and the region of each cloud where a resource does not tell it."""

    tables: Mapping[str, prices.Table]
    regions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, *, region: Mapping[str, str] | None = None) -> Prices:
        """All tables. `region` is by cloud."""
        found = {name: prices.load(name) for name in clouds.names()}
        tables = {name: table for name, table in found.items() if table is not None}
        return cls(tables, dict(region or {}))


def estimate(plan: Plan, known: Prices, *, limits: Sequence[Limit] = ()) -> Estimate:
    """What the planned resources of one plan cost; budgets in it count, and `limits` besides."""
    return estimates([("", plan)], known, limits=limits)


def estimates(
    plans: Iterable[tuple[str, Plan]], known: Prices, *, limits: Sequence[Limit] = ()
) -> Estimate:
    """The same for several roots, by name: addresses begin with it when there are several."""
    plans = list(plans)
    items: list[Item] = []
    unpriced: Counter[str] = Counter()
    used: dict[str, set[str]] = {}
    for name, plan in plans:
        for change in plan.changes:
            cloud = _cloud(change, known)
            table = known.tables.get(cloud)
            if change.data or (table is not None and table.is_free(change.type)):
                continue
            try:
                item, region = _item(plan, change, cloud, known)
            except Unpriced as missing:
                why = str(missing)
                unpriced[f"{change.type} ({why})" if why else change.type] += 1
                continue
            if len(plans) > 1:
                item = replace(item, address=f"{name}: {item.address}")
            items.append(item)
            used.setdefault(cloud, set()).add(region)
    found = tuple(items)
    wanted = [*limits, *(limit for _, plan in plans for limit in _planned_limits(plan))]
    return Estimate(
        items=found,
        unpriced=dict(sorted(unpriced.items())),
        budgets=tuple(
            Budget(each.scope, each.name, each.amount, by(found, each.scope).get(each.name, Span()))
            for each in dict.fromkeys(wanted)
        ),
        prices=tuple(
            f"{cloud}, {', '.join(sorted(used[cloud]))}, read until {known.tables[cloud].read}"
            for cloud in sorted(used)
        ),
    )


def _cloud(change: Change, known: Prices) -> str:
    names = (name for name in known.tables if change.type.startswith(clouds.module(name).PREFIX))
    # terraform_data belongs to no cloud; any table that calls it free will do.
    return next(names, next((n for n, t in known.tables.items() if t.is_free(change.type)), ""))


def _item(plan: Plan, change: Change, cloud: str, known: Prices) -> tuple[Item, str]:
    """The resource with its price, and the region whose prices were taken. Raises Unpriced."""
    if cloud not in known.tables:
        raise Unpriced("")
    of_cloud = clouds.module(cloud)
    pricer = of_cloud.PRICED.get(change.type)
    if pricer is None:
        raise Unpriced("")
    sides = {"before": change.before, "after": change.after}
    own = (of_cloud.region(each) for each in sides.values() if each)
    region = (
        next((each for each in own if each), "")
        or plan.regions.get(change.provider, "")
        or known.regions.get(cloud, "")
    )
    amounts = {
        side: pricer(
            Resource(plan, change, values, region, known.tables[cloud], planned=side == "after")
        )
        if values is not None
        else Amount(Span())
        for side, values in sides.items()
    }
    owners = tags.of(change, before=change.after is None)
    return (
        Item(
            address=change.address,
            type=change.type,
            before=amounts["before"].span,
            after=amounts["after"].span,
            owners={scope: owners.get(scope) or NOBODY for scope in SCOPES},
            notes=amounts["after"].notes,
        ),
        region,
    )


def _planned_limits(plan: Plan) -> list[Limit]:
    """The monthly budgets in US dollars that the plan itself makes or keeps, of one owner each."""
    found: list[Limit] = []
    for change in plan.changes:
        values = change.after or {}
        monthly = values.get("time_unit") == "MONTHLY" and values.get("limit_unit") == "USD"
        if change.type != "aws_budgets_budget" or not monthly:
            continue
        filters = values.get("cost_filter")
        named = [
            match
            for each in (filters if isinstance(filters, list) else ())
            for value in each.get("values") or ()
            if (match := _TAG.fullmatch(str(value)))
        ]
        if len(named) == 1 and named[0][1] in SCOPES:
            found.append(Limit(named[0][1], named[0][2], float(values["limit_amount"])))
    return found
