"""What was shown of each module in this run, as a table: no more than tests recorded.

A test records a fact as a property of its report: those of pytest-xdist's workers arrive too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest

COLUMNS = ("validated against", "mocked tests", "applied")
Record = Callable[[str, object], None]


def record(into: Record, module: str, column: str, value: str) -> None:
    """Say of `module` in `column` what the running test has shown; `into` is `record_property`."""
    assert column in COLUMNS
    into("terraform", (module, column, value))


def planted(into: Record, fault: str, guard: str) -> None:
    """Say which guard has caught a mistake that the running test has planted."""
    into("planted fault", (fault, guard))


def show(reporter: pytest.TerminalReporter) -> None:
    """The table of modules, and that of planted faults."""
    _show_planted(reporter)
    facts = _facts(_recorded(reporter, "terraform"))
    if not facts:
        return
    reporter.section("Terraform")
    width = max(len(module) for module in facts)
    reporter.line(f"{'module':{width}}  {COLUMNS[0]:20}  {COLUMNS[1]:14}  {COLUMNS[2]}")
    for module, found in sorted(facts.items()):
        first, second, third = (found.get(column, "-") for column in COLUMNS)
        reporter.line(f"{module:{width}}  {first:20}  {second:14}  {third}")


def _show_planted(reporter: pytest.TerminalReporter) -> None:
    caught = sorted(_recorded(reporter, "planted fault"))
    if caught:
        reporter.section("Planted faults")
        width = max(len(fault) for fault, _ in caught)
        for fault, guard in caught:
            reporter.line(f"{fault:{width}}  {guard}")


def _recorded(reporter: pytest.TerminalReporter, what: str) -> Iterator[Sequence[str]]:
    for report in reporter.stats.get("passed", []):
        for name, found in getattr(report, "user_properties", ()):
            if name == what:
                yield found


def _facts(found: Iterable[Iterable[str]]) -> dict[str, dict[str, str]]:
    facts: dict[str, dict[str, str]] = {}
    for module, column, value in found:
        facts.setdefault(module, {})[column] = value
    return facts
