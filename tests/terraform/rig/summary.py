"""What was shown of each module in this run; tests/conftest.py prints it as a table.

A test records a fact as a property of its report: those of pytest-xdist's workers arrive too.
"""

from __future__ import annotations

from collections.abc import Callable

COLUMNS = ("validated against", "mocked tests", "applied")
Record = Callable[[str, object], None]


def record(into: Record, module: str, column: str, value: str) -> None:
    """Say of `module` in `column` what the running test has shown; `into` is `record_property`."""
    assert column in COLUMNS
    into("terraform", (module, column, value))


def planted(into: Record, fault: str, guard: str) -> None:
    """Say which guard has caught a mistake that the running test has planted."""
    into("planted fault", (fault, guard))
