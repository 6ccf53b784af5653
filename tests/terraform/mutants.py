"""Every way to loosen one part of a trust policy: a table has to see them all."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

Policy = dict[str, Any]
Statement = dict[str, Any]
_WORD = re.compile(r"[^:/@.]+")


def mutants(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """What was changed, and the policy with that one change."""
    for index, statement in enumerate(policy["Statement"]):
        for name, changed in _loosened(statement):
            made = copy.deepcopy(policy)
            made["Statement"][index : index + 1] = changed
            yield f"{statement['Sid']}: {name}", made


def _loosened(statement: Statement) -> Iterator[tuple[str, list[Statement]]]:
    everybody = {**statement, "Principal": "*"}
    open_to_all = {key: value for key, value in statement.items() if key != "Condition"}
    yield "no conditions", [open_to_all]
    yield "everybody without conditions, too", [statement, {**open_to_all, "Principal": "*"}]
    yield "taken out", []
    yield "turned into a Deny", [{**statement, "Effect": "Deny"}]
    if "Federated" in statement["Principal"]:
        provider = statement["Principal"]["Federated"]
        yield "everybody for the provider", [everybody]
        beside = {**statement, "Principal": {"Federated": provider, "AWS": "*"}}
        yield "everybody beside the provider", [beside]
        yield "any action of sts", [{**statement, "Action": "sts:*"}]
        other = re.sub(r"oidc-provider/.*", "oidc-provider/other.example", provider)
        yield "another provider", [{**statement, "Principal": {"Federated": other}}]
    else:
        yield "any service", [{**statement, "Principal": {"Service": "*"}}]
    for operator, keys in statement["Condition"].items():
        for key, wanted in keys.items():
            for name, change in _changes(operator, wanted):
                made = copy.deepcopy(statement)
                del made["Condition"][operator][key]
                for new_operator, value in change.items():
                    made["Condition"].setdefault(new_operator, {})[key] = value
                yield f"{key} {name}", [made]


def _changes(operator: str, wanted: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operator and value that take the place of the one condition; none drops it."""
    values = wanted if isinstance(wanted, list) else [wanted]
    yield "dropped", {}
    yield "only if it is there", {f"{operator}IfExists": wanted}
    yield "of no value at all", {f"ForAllValues:{operator}": wanted}
    yield "only has to be there", {"Null": "false"}
    yield "negated", {operator.replace("String", "StringNot"): wanted}
    yield "nothing", {operator: []}
    if operator == "StringEquals" and any(value.upper() != value for value in values):
        yield "in any case", {"StringEqualsIgnoreCase": wanted}
    for index, value in enumerate(values):
        if len(values) > 1:
            yield f"without {value}", {operator: values[:index] + values[index + 1 :]}
        for wider in sorted(_wider(value)):
            yield f"as {wider}", {"StringLike": [*values[:index], wider, *values[index + 1 :]]}


def _wider(value: str) -> set[str]:
    """`value` with a wildcard somewhere."""
    found = {"*", f"*{value}", re.sub("-", "?", value)}
    if not value.endswith("*"):
        found.add(f"{value}*")
    for word in _WORD.finditer(value):
        if word[0] != "*":
            found.add(f"{value[: word.start()]}*{value[word.end() :]}")
            found.add(f"{value[: word.start()]}*")
    # What people write: everything of the owner, of the repository.
    for start in (":", "/"):
        head, found_it, _ = value.partition(start)
        if found_it:
            found.add(f"{head}{start}*")
    return found - {value}
