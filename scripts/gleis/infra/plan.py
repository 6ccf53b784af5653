"""A plan, read from `terraform show -json PLANFILE`, with what is secret left out.

The format is described at https://developer.hashicorp.com/terraform/internals/json-format (format
version 1; later minor versions only add). Values that Terraform calls sensitive are replaced while
reading: nothing that is made from a `Plan` can show them. Terraform marks the place where such a
value was given, not the attributes that a provider echoes it in (`output` of terraform_data), so
that what is sensitive in one place is hidden in all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

from gleis.infra import difference
from gleis.infra.difference import Attribute
from gleis.infra.errors import InfraError
from gleis.infra.stateful import STATEFUL

Kind = Literal["create", "update", "replace", "delete", "forget", "read", "no-op"]
KINDS: tuple[Kind, ...] = ("create", "update", "replace", "delete", "forget", "read", "no-op")
_FORMAT = "1"


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `before` and `after` are None where it is not there.

    `after_unknown` has the shape of `after`, with true for what is known after apply only.
    `previous_address` is where the resource stood before a `moved` block, or empty.
    """

    address: str
    module: str
    type: str
    name: str
    provider: str
    actions: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    after_unknown: Mapping[str, Any] = field(default_factory=dict)
    replace_paths: tuple[difference.Path, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    reason: str = ""
    previous_address: str = ""
    imported: bool = False
    data: bool = False

    @property
    def kind(self) -> Kind:
        """What the actions come to."""
        if len(self.actions) > 1:
            return "replace"
        only = self.actions[0]
        return next(kind for kind in KINDS if kind == only)

    @property
    def stateful(self) -> bool:
        """Whether it holds what cannot be made again; `STATEFUL[type]` says what."""
        return self.type in STATEFUL

    @property
    def destroys(self) -> bool:
        """Whether the resource that is there goes, for good or for another."""
        return "delete" in self.actions

    def to_dict(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "type": self.type,
            "provider": self.provider,
            "kind": self.kind,
            "actions": list(self.actions),
            "stateful": self.stateful,
            "reason": self.reason,
            "previousAddress": self.previous_address or None,
            "imported": self.imported,
            "attributes": [each.to_dict() for each in self.attributes],
        }


@dataclass(frozen=True)
class Plan:
    """A whole plan. `changes` has the resources that stay as they are, too (`no-op`).

    `drift` is what refreshing found: each change is from what the state said to what is there.
    `outputs` names the outputs that change. `references` tells, by address without keys, which
    resources of the same module a resource's code mentions; `regions`, by provider, where its
    code says that things are.
    """

    terraform_version: str
    changes: tuple[Change, ...]
    drift: tuple[Change, ...] = ()
    outputs: tuple[str, ...] = ()
    complete: bool = True
    errored: bool = False
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Plan:
        """The plan in `text`, what `terraform show -json PLANFILE` prints. Raises InfraError."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise InfraError(
                f"the plan is not JSON ({error}): give what `terraform show -json PLANFILE` prints"
            ) from None
        version = str(data.get("format_version", "")) if isinstance(data, dict) else ""
        if version.partition(".")[0] != _FORMAT:
            raise InfraError(
                f"the plan has format version {version or '(none)'}, and {_FORMAT}.x is read here: "
                "give what `terraform show -json PLANFILE` prints"
            )
        if "planned_values" not in data and "resource_changes" not in data:
            raise InfraError(
                "this JSON is a state, not a plan: name the plan file in `terraform show -json`"
            )
        try:
            hidden = frozenset(_secrets(data))
            return cls(
                terraform_version=str(data.get("terraform_version", "")),
                changes=tuple(_change(each, hidden) for each in data.get("resource_changes", ())),
                drift=tuple(_change(each, hidden) for each in data.get("resource_drift", ())),
                outputs=tuple(
                    name
                    for name, each in sorted(data.get("output_changes", {}).items())
                    if each["actions"] != ["no-op"]
                ),
                complete=bool(data.get("complete", True)),
                errored=bool(data.get("errored", False)),
                references=dict(_references(data.get("configuration", {}).get("root_module", {}))),
                regions=_regions(data),
            )
        except (KeyError, TypeError, AttributeError, StopIteration) as error:
            raise InfraError(
                f"the plan lacks what format {version} has ({type(error).__name__}: {error}): "
                "was it cut or edited?"
            ) from None

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        """The changes of these kinds, in the plan's order; what data sources read is left out."""
        return tuple(each for each in self.changes if each.kind in kinds and not each.data)

    @property
    def counts(self) -> dict[Kind, int]:
        """How many resources of each kind, without zeros."""
        found = Counter(each.kind for each in self.changes if not each.data)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def changing(self) -> tuple[Change, ...]:
        """What an apply would touch."""
        return self.of("create", "update", "replace", "delete", "forget")

    @property
    def empty(self) -> bool:
        """Whether an apply would do nothing at all."""
        return not self.changing and not self.outputs

    def referenced(self, change: Change, type: str) -> tuple[Change, ...]:
        """Resources of `type` in the same module that the code of `change` mentions."""
        wanted = {
            _prefixed(change.module, name)
            for name in self.references.get(without_keys(change.address), ())
            if name.startswith(f"{type}.")
        }
        return tuple(
            each
            for each in self.changes
            if _prefixed(each.module, f"{each.type}.{each.name}") in wanted
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what `gleis infra plan --json` prints."""
        return {
            "terraformVersion": self.terraform_version,
            "complete": self.complete,
            "errored": self.errored,
            "counts": self.counts,
            "changes": [each.to_dict() for each in self.changing],
            "outputs": list(self.outputs),
            "destroysState": [each.address for each in destroys_state(self)],
        }


def destroys_state(plan: Plan) -> list[Change]:
    """Deletions and replacements of resources that hold what cannot be made again."""
    return [each for each in plan.changes if each.destroys and each.stateful]


def without_keys(address: str) -> str:
    """`module.a["x"].aws_vpc.this[0]` as `module.a.aws_vpc.this`."""
    text, depth, quoted, skip = "", 0, False, False
    for character in address:
        if skip:
            skip = False
        elif quoted and character == "\\":
            skip = True
        elif character == '"' and depth:
            quoted = not quoted
        elif not quoted and character == "[":
            depth += 1
        elif not quoted and character == "]":
            depth -= 1
        elif not depth:
            text += character
    return text


def _secrets(data: Mapping[str, Any]) -> Iterator[str]:
    """Every text that the plan calls sensitive anywhere: in changes, outputs and variables."""
    changed = [*data.get("resource_changes", ()), *data.get("resource_drift", ())]
    changes = [each["change"] for each in changed] + list(data.get("output_changes", {}).values())
    sides = ("before", "after")
    for each, side, marked in product(changes, sides, sides):
        # What is sensitive from now on was no less secret before.
        yield from difference.secrets(each.get(side), each.get(f"{marked}_sensitive", False))
    declared = data.get("configuration", {}).get("root_module", {}).get("variables", {})
    for name, variable in data.get("variables", {}).items():
        sensitive = bool(declared.get(name, {}).get("sensitive", False))
        yield from difference.secrets(variable.get("value"), sensitive)


def _change(data: Mapping[str, Any], hidden: frozenset[str]) -> Change:
    change = data["change"]
    actions = tuple(str(each) for each in change["actions"])
    if not actions or (len(actions) == 1 and actions[0] not in KINDS):
        raise KeyError(f"an action that is known, in {data['address']}: {actions}")
    before, after = change.get("before"), change.get("after")
    sensitive_before = change.get("before_sensitive", False)
    sensitive_after = change.get("after_sensitive", False)
    unknown = change.get("after_unknown") or {}
    replaces = tuple(tuple(path) for path in change.get("replace_paths", ()))
    differing = difference.attributes(
        before,
        after,
        sensitive_before=sensitive_before,
        sensitive_after=sensitive_after,
        unknown=unknown,
        replace_paths=replaces,
    )
    return Change(
        address=data["address"],
        module=data.get("module_address", ""),
        type=data["type"],
        name=data["name"],
        provider=data.get("provider_name", ""),
        actions=actions,
        before=difference.without_secrets(difference.masked(before, sensitive_before), hidden),
        after=difference.without_secrets(difference.masked(after, sensitive_after), hidden),
        after_unknown=unknown,
        replace_paths=replaces,
        attributes=tuple(
            replace(
                each,
                before=difference.without_secrets(each.before, hidden),
                after=difference.without_secrets(each.after, hidden),
            )
            for each in differing
            if before is not None and after is not None
        ),
        reason=data.get("action_reason", ""),
        previous_address=data.get("previous_address", ""),
        imported="importing" in change,
        data=data.get("mode") == "data",
    )


def _references(module: Mapping[str, Any], path: str = "") -> list[tuple[str, tuple[str, ...]]]:
    found = [
        (_prefixed(path, each["address"]), tuple(_mentioned(each.get("expressions", {}))))
        for each in module.get("resources", ())
    ]
    for name, call in module.get("module_calls", {}).items():
        found += _references(call.get("module", {}), _prefixed(path, f"module.{name}"))
    return found


def _regions(data: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for provider in data.get("configuration", {}).get("provider_config", {}).values():
        said = provider.get("expressions", {}).get("region", {})
        value = said.get("constant_value")
        for name in said.get("references", ()):
            variable = data.get("variables", {}).get(str(name).removeprefix("var."), {})
            value = value or variable.get("value")
        if isinstance(value, str):
            found.setdefault(provider.get("full_name", ""), value)
    return found


def _mentioned(expressions: Any) -> list[str]:
    if isinstance(expressions, dict):
        own = [str(each) for each in expressions.get("references", ())]
        return own + [name for each in expressions.values() for name in _mentioned(each)]
    if isinstance(expressions, list):
        return [name for each in expressions for name in _mentioned(each)]
    return []


def _prefixed(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name
