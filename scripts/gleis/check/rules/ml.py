"""Family ML: data, model and the gate between them and production."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gleis.check.rule import Violation, rule
from gleis.check.sources.contract import DATA_CONTRACT, PROJECT, Contract
from gleis.check.sources.prose import MODEL_CARD, Page, Section
from gleis.check.sources.python import Pyproject
from gleis.contract.document import Document
from gleis.contract.platform import Platform
from gleis.contract.problem import did_you_mean, shown
from gleis.contract.project_rules import TO_MINIMISE

SECTIONS = (
    "Intended use",
    "Out of scope",
    "Data",
    "Metrics",
    "Limitations",
    "Ethical considerations",
    "Owner",
)
OVERSIGHT = "Human oversight"  # EU AI Act, article 14
RISKS = ("minimal", "limited", "high")
DATA_CLASSES = ("public", "internal", "confidential", "restricted")
_PLACEHOLDER = re.compile(
    r"\b(TODO|TBD|TBA|FIXME|XXX|lorem ipsum|to be (?:defined|done|written|completed|filled in)"
    r"|fill (?:this )?in|coming soon)\b|\{\{|<[a-z][^<>/@]*>|^\s*(?:\.{3}|…|n/?a|-)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_FEWEST_WORDS = 5  # fewer say nothing about a model; an owner is named in one


@rule()
class SOP007:
    """The data has a contract."""

    @staticmethod
    def check(data_contract: Document | None, contract: Contract) -> Iterator[Violation]:
        """data-contract.yaml lists columns with types, those of the slices among them."""
        if data_contract is None:
            yield Violation("the data contract is missing", DATA_CONTRACT)
            return
        columns = data_contract.get("columns")
        if not isinstance(columns, dict) or not columns:
            place = data_contract.position("columns")
            message = "the data contract lists no columns"
            yield Violation(message, DATA_CONTRACT, place.line, place.column, context="columns")
            return
        for name, column in columns.items():
            if not _has_type(column):
                place = data_contract.position("columns", name, key=True)
                message = f"the column {shown(name)} has no type"
                yield Violation(message, DATA_CONTRACT, place.line, place.column)
        slices = contract.get("model", "metric", "slices")
        for index, name in enumerate(slices if isinstance(slices, list) else ()):
            if name not in columns:
                where = ("model", "metric", "slices", index)
                yield Violation(
                    f"the slice column {shown(name)} is not in {DATA_CONTRACT}",
                    PROJECT,
                    contract.line(*where),
                    contract.column(*where),
                    context=f"slice {name}",
                    remediation=did_you_mean(name, columns),
                )


def _has_type(column: Any) -> bool:
    wanted = column.get("dtype", column.get("type")) if isinstance(column, dict) else None
    return isinstance(wanted, str) and bool(wanted.strip())


@rule()
class SOP008:
    """The model card is complete."""

    @staticmethod
    def check(model_card: Page | None) -> Iterator[Violation]:
        """Every section is there and says something."""
        if model_card is None:
            yield Violation("the model card is missing", MODEL_CARD)
            return
        for title in SECTIONS:
            yield from _section(model_card, title)


def _section(card: Page, title: str) -> Iterator[Violation]:
    section = card.section(title)
    context = f"section {title}"
    if section is None:
        yield Violation(f"the section “{title}” is missing", card.file, context=context)
        return
    placeholder = _PLACEHOLDER.search(section.body)
    if placeholder:
        line = section.line + 1 + _gap(section, placeholder.start())
        word = shown(placeholder.group().strip(), 30)
        message = f"the section “{title}” still has a placeholder: {word}"
        yield Violation(message, card.file, line, context=context)
    elif _words(section.body) < (1 if title == "Owner" else _FEWEST_WORDS):
        message = f"the section “{title}” says nothing"
        yield Violation(message, card.file, section.line, context=context)


def _gap(section: Section, offset: int) -> int:
    return section.blank + section.body.count("\n", 0, offset)


def _words(body: str) -> int:
    text = re.sub(r"^#+ .*$", "", body, flags=re.MULTILINE)
    return len(re.findall(r"\w[\w@.'-]*", text))


@rule()
class SOP009:
    """The gate is not weaker than the organisation's floor."""

    @staticmethod
    def check(contract: Contract, platform: Platform) -> Iterator[Violation]:
        """The project's floor and tolerance against those of platform.yaml."""
        name = contract.get("model", "metric", "name")
        floor = contract.get("model", "metric", "floor")
        least = platform.gate.floors.get(name) if isinstance(name, str) else None
        if least is not None and _is_number(floor):
            weaker = floor > least if name in TO_MINIMISE else floor < least
            if weaker:
                bound = "at most" if name in TO_MINIMISE else "at least"
                where = ("model", "metric", "floor")
                yield Violation(
                    f"{name} may go as far as {floor:g}; the organisation wants {bound} {least:g}",
                    PROJECT,
                    contract.line(*where),
                    contract.column(*where),
                    context=f"floor {name}",
                    remediation=f"Set model.metric.floor to {least:g} or better.",
                )
        yield from _tolerance(contract, platform.gate.max_tolerance, floor)


def _tolerance(contract: Contract, most: float | None, floor: object) -> Iterator[Violation]:
    """A champion is no worse than the floor, so a share of the floor is a safe bound."""
    tolerance = contract.get("model", "metric", "tolerance")
    if most is None or not (_is_number(tolerance) and _is_number(floor)):
        return
    allowed = most * abs(float(str(floor)))
    if tolerance > allowed:
        where = ("model", "metric", "tolerance")
        yield Violation(
            f"a challenger may be worse by {tolerance:g}; the organisation allows {allowed:g} "
            f"({most:.0%} of the floor)",
            PROJECT,
            contract.line(*where),
            contract.column(*where),
            context="tolerance",
            remediation=f"Set model.metric.tolerance to {allowed:g} or less.",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@rule()
class SOP010:
    """Licence, risk class and data class are stated."""

    @staticmethod
    def check(
        contract: Contract, pyproject: Pyproject | None, model_card: Page | None
    ) -> Iterator[Violation]:
        """A licence, both classes, and human oversight where the risk is high."""
        if not _licence(pyproject):
            line = pyproject.line_of("project") if pyproject else None
            message = "no licence is stated under [project]"
            yield Violation(message, "pyproject.toml", line, context="licence")
        for key, allowed in (("risk", RISKS), ("dataClass", DATA_CLASSES)):
            value = contract.get("metadata", key)
            if value not in allowed:
                said = "is not stated" if value is None else f"is {shown(value)}"
                yield Violation(
                    f"metadata.{key} {said}; one of {', '.join(allowed)} is expected",
                    PROJECT,
                    contract.line("metadata", key),
                    contract.column("metadata", key),
                    context=key,
                )
        if contract.get("metadata", "risk") == "high" and model_card is not None:
            yield from _section(model_card, OVERSIGHT)


def _licence(pyproject: Pyproject | None) -> bool:
    licence = pyproject.get("project", "license") if pyproject else None
    if isinstance(licence, dict):
        licence = licence.get("text") or licence.get("file")
    return isinstance(licence, str) and bool(licence.strip())
