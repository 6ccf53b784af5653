"""Drift: where a cloud, its state and the code no longer say the same.

One plan of each root tells all of it. Terraform reads what is there before it plans; what that read
found (`resource_drift`) is what somebody changed outside of Terraform, and what else the plan would
do is code that nobody applied yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal

from gleis.errors import GleisError
from gleis.infra import difference, parallel
from gleis.infra.difference import Attribute
from gleis.infra.plan import Change, Plan
from gleis.infra.roots import Root
from gleis.infra.terraform import Terraform

Kind = Literal["changed outside", "gone", "not applied", "left alone"]
KINDS: tuple[Kind, ...] = ("changed outside", "gone", "not applied", "left alone")


@dataclass(frozen=True)
class Drifted:
    """One resource that is not as the code says, and in which attributes.

    `changed outside`: somebody changed what Terraform would change back; the attributes go from
    what was applied to what is there. `gone`: it is no longer there. `not applied`: the code says
    something else than what was applied; from what is there to what the code says. `left alone`:
    the state remembers another value, but the code does not say which one is right (what a cloud
    counts up by itself, what another resource of ours set); that alone is no drift.
    """

    kind: Kind
    address: str
    type: str
    attributes: tuple[Attribute, ...] = ()
    action: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "address": self.address,
            "type": self.type,
            "action": self.action,
            "attributes": [each.to_dict() for each in self.attributes],
        }


@dataclass(frozen=True)
class Checked:
    """One root. `problem` says why it could not be checked; then nothing is known of it."""

    root: Root
    drifted: tuple[Drifted, ...] = ()
    problem: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "root": self.root.name,
            "environment": self.root.environment or None,
            "verdict": self.verdict,
            "drifted": [each.to_dict() for each in self.drifted],
            "problem": self.problem or None,
            "seconds": round(self.seconds, 3),
        }

    @property
    def verdict(self) -> str:
        if self.problem:
            return "could not be checked"
        return "drifted" if self.drift else "as the code says"

    @property
    def drift(self) -> tuple[Drifted, ...]:
        """What has to be applied, or undone."""
        return tuple(each for each in self.drifted if each.kind != "left alone")


def check(
    roots: Sequence[Root],
    terraform: Terraform,
    *,
    workers: int = parallel.WORKERS,
    done: Callable[[], None] = parallel.nothing,
) -> tuple[Checked, ...]:
    """Plan every root, several at a time; the answers in the order of `roots`.

    A root that fails stops no other. `done` is called after each, in this thread.
    """
    return parallel.over(roots, lambda root: one(root, terraform), workers=workers, done=done)


def one(root: Root, terraform: Terraform) -> Checked:
    """Whether `root` drifted. Errors of Terraform, the backend or the plan become `problem`."""
    started = monotonic()
    try:
        plan = terraform.plan(root)
    except (GleisError, OSError) as error:
        return Checked(root, problem=str(error), seconds=monotonic() - started)
    return Checked(root, drifted(plan), seconds=monotonic() - started)


def drifted(plan: Plan) -> tuple[Drifted, ...]:
    """What in `plan` is not as the code says, in the order of KINDS."""
    outside = {each.address: each for each in plan.drift if not each.data}
    found: list[Drifted] = []
    for change in plan.changing:
        read = outside.pop(change.previous_address or change.address, None)
        if read is not None and read.kind == "delete":
            found.append(Drifted("gone", change.address, change.type, action=change.kind))
            continue
        undone = _overlapping(read.attributes, change.attributes) if read is not None else ()
        if undone:
            found.append(Drifted("changed outside", change.address, change.type, undone))
        own = _own(change, undone)
        if own or not undone:
            found.append(Drifted("not applied", change.address, change.type, own, change.kind))
    found += [Drifted("not applied", f"output.{name}", "output") for name in plan.outputs]
    found += [
        Drifted("left alone", each.address, each.type, each.attributes)
        for each in outside.values()
        if each.attributes
    ]
    return tuple(sorted(found, key=lambda each: KINDS.index(each.kind)))


def _own(change: Change, undone: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    """The attributes that change for another reason than `undone`. What is known after apply only
    follows from the others."""
    if not undone:
        return change.attributes
    back = _overlapping(change.attributes, undone)
    return tuple(
        each for each in change.attributes if each not in back and each.after != difference.UNKNOWN
    )


def _overlapping(
    attributes: tuple[Attribute, ...], others: tuple[Attribute, ...]
) -> tuple[Attribute, ...]:
    """Those of `attributes` that hold, are or lie in one of `others`."""
    return tuple(
        each
        for each in attributes
        if any(difference.within(each.path, other.path) for other in others)
    )
