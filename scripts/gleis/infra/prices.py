"""Tables of prices, `terraform/prices/<cloud>.yaml`: what a cloud asks, and where that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gleis import resources
from gleis.contract import document, schema
from gleis.contract.problem import ContractError, Problem

FOLDER = "terraform/prices"
_EVERYWHERE = "any"


@dataclass(frozen=True)
class Table:
    """The prices of one cloud, in US dollars, by region, group (`instance-hour`) and kind."""

    cloud: str
    regions: Mapping[str, Mapping[str, Mapping[str, float]]]
    assumptions: Mapping[str, float]
    free: tuple[str, ...]
    read: str  # the latest day on which one of its sources was read

    def price(self, region: str, group: str, kind: str) -> float | None:
        """US dollars, or None where nobody read that price."""
        for place in (region, _EVERYWHERE):
            found = self.regions.get(place, {}).get(group, {}).get(kind)
            if found is not None:
                return found
        return None

    def is_free(self, type: str) -> bool:
        """Whether resources of this type have no price of their own."""
        return any(
            type.startswith(each[:-1]) if each.endswith("*") else type == each for each in self.free
        )


def load(cloud: str) -> Table | None:
    """The table of `cloud`, None where there is none. Raises ContractError with all problems."""
    folder = resources.path(FOLDER)
    path = folder / f"{cloud}.yaml"
    if not path.is_file():
        return None
    loaded = document.load(path)
    problems = schema.check(loaded, "prices") or _unknown_sources(loaded)
    if problems:
        raise ContractError(problems)
    data: dict[str, Any] = loaded.data
    return Table(
        cloud=data["cloud"],
        regions={
            region: {group: entry["prices"] for group, entry in groups.items()}
            for region, groups in data["regions"].items()
        },
        assumptions=data["assumptions"],
        free=tuple(data["free"]),
        read=max(each["read"] for each in data["sources"].values()),
    )


def _unknown_sources(loaded: document.Document) -> list[Problem]:
    return [
        Problem(
            "prices/source",
            f"{group} of {region} names the source {entry['source']!r}, which `sources` lacks",
            loaded.position("regions", region, group, "source"),
            entry["source"],
            ", ".join(loaded.data["sources"]),
        )
        for region, groups in loaded.data["regions"].items()
        for group, entry in groups.items()
        if entry["source"] not in loaded.data["sources"]
    ]
