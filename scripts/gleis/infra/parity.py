"""Whether a module is the same in every cloud, and where it is allowed not to be.

`modules/aws/registry` and `modules/azure/registry` ask for the same variables and give back the
same outputs, so that what calls one can call the other. Where a cloud makes that impossible, the
difference stands in `terraform/differences.yaml` with its reason.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gleis.contract import document, schema
from gleis.contract.problem import ContractError
from gleis.infra.interface import Interface, Variable

FILE = "terraform/differences.yaml"
_REFERENCE = "aws"  # built first; another cloud is measured against it where both have the module
_CALL = re.compile(r"(\w+)\((.*)\)", re.S)

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Difference:
    """One way in which a cloud's module differs from the same module of the reference."""

    module: str  # without its cloud: modules/registry
    cloud: str
    part: str  # variable | output
    name: str
    difference: str  # missing | extra | type | required | nullable
    message: str  # a clause: "variable `x` has type `string` where aws has `number`"

    @property
    def key(self) -> Key:
        return (self.module, self.cloud, self.part, self.name, self.difference)

    def __str__(self) -> str:
        return f"{_path(self.module, self.cloud)}: {self.message}"


@dataclass(frozen=True)
class Allowed:
    """An entry of `terraform/differences.yaml`; `place` is its file and line."""

    module: str
    cloud: str
    part: str
    name: str
    difference: str
    reason: str
    place: str

    @property
    def key(self) -> Key:
        return (self.module, self.cloud, self.part, self.name, self.difference)


def allowed(root: Path) -> list[Allowed]:
    """What the checkout `root` allows; nothing where it has no such file. Raises ContractError."""
    if not (root / FILE).is_file():
        return []
    loaded = document.load(root / FILE, root=root)
    problems = schema.check(loaded, "differences")
    if problems:
        raise ContractError(problems)
    return [
        Allowed(
            entry["module"],
            entry["cloud"],
            entry["part"],
            entry["name"],
            entry["difference"],
            " ".join(entry["reason"].split()),
            f"{FILE}:{loaded.position('differences', index).line}",
        )
        for index, entry in enumerate(loaded.data["differences"])
    ]


def clouds(interfaces: Iterable[Interface]) -> dict[str, dict[str, Interface]]:
    """Module without its cloud => cloud => the module there, in order."""
    found: dict[str, dict[str, Interface]] = defaultdict(dict)
    for each in sorted(interfaces, key=lambda each: each.name):
        if each.cloud is not None:
            floor, cloud, module = each.name.split("/")
            found[f"{floor}/{module}"][cloud] = each
    return dict(sorted(found.items()))


def compare(interfaces: Iterable[Interface]) -> list[Difference]:
    """Every difference between modules of one name, in order."""
    return [
        difference
        for module, there in clouds(interfaces).items()
        for cloud in there
        if cloud != (reference := _REFERENCE if _REFERENCE in there else min(there))
        for difference in _compare(module, cloud, there[cloud], reference, there[reference])
    ]


def judge(found: Iterable[Difference], entries: Iterable[Allowed]) -> list[str]:
    """A sentence for each difference that nobody allowed, and each entry that allows nothing."""
    found, entries = list(found), list(entries)
    known = {entry.key for entry in entries}
    there = {each.key for each in found}
    times = Counter(entry.key for entry in entries)
    said = [f"{each}" for each in found if each.key not in known]
    for entry in entries:
        what = f"{entry.part} `{entry.name}` of {_path(entry.module, entry.cloud)}"
        if entry.key not in there:
            said.append(
                f"{entry.place}: {what} does not differ in this way ({entry.difference}): "
                "take the entry out"
            )
        elif times[entry.key] > 1:
            said.append(f"{entry.place}: {what} stands here more than once: keep one entry")
    return said


def canonical(expression: str) -> str:
    """A type's expression in one form: an object's attributes in order, spaces as Terraform's."""
    call = _CALL.fullmatch(expression)
    if call is None:
        return expression
    word, inner = call[1], call[2]
    if word == "object" and inner.startswith("{"):
        fields = sorted(tuple(_parts(each, "=")) for each in _parts(inner[1:-1], ","))
        return f"object({{{', '.join(f'{name} = {canonical(it)}' for name, it in fields)}}})"
    parts = list(_parts(inner, ","))
    return f"{word}({', '.join([canonical(parts[0]), *parts[1:]])})"


def _parts(text: str, mark: str) -> Iterator[str]:
    """`text` parted at `mark`, but neither inside brackets nor inside strings."""
    depth, begin, quoted, escaped = 0, 0, False, False
    for index, letter in enumerate(text):
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == mark and depth == 0:
            yield text[begin:index].strip()
            begin = index + 1
    if text[begin:].strip():
        yield text[begin:].strip()


def _path(module: str, cloud: str) -> str:
    floor, name = module.split("/")
    return f"{floor}/{cloud}/{name}"


def _compare(
    module: str, cloud: str, mine: Interface, reference: str, theirs: Interface
) -> Iterator[Difference]:
    here = {each.name: each for each in mine.variables}
    there = {each.name: each for each in theirs.variables}
    parts = {
        "variable": (set(here), set(there)),
        "output": ({each.name for each in mine.outputs}, {each.name for each in theirs.outputs}),
    }
    for part, (given, wanted) in parts.items():
        for name in sorted(wanted - given):
            message = f"{part} `{name}` is missing, {reference} has it"
            yield Difference(module, cloud, part, name, "missing", message)
        for name in sorted(given - wanted):
            message = f"{part} `{name}` is extra, {reference} does not have it"
            yield Difference(module, cloud, part, name, "extra", message)
    for name in sorted(here.keys() & there.keys()):
        for how, ours, other in _variable(here[name], there[name]):
            message = f"variable `{name}` {ours} where {reference} {other}"
            yield Difference(module, cloud, "variable", name, how, message)


def _variable(mine: Variable, theirs: Variable) -> Iterator[tuple[str, str, str]]:
    types = canonical(mine.type), canonical(theirs.type)
    if types[0] != types[1]:
        yield "type", f"has type `{types[0]}`", f"has `{types[1]}`"
    if mine.required != theirs.required:
        words = {True: "is required", False: "has a default"}
        yield "required", words[mine.required], words[theirs.required]
    if mine.nullable != theirs.nullable:
        words = {True: "takes null", False: "refuses null"}
        yield "nullable", words[mine.nullable], words[theirs.nullable]
