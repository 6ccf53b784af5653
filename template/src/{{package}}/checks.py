"""Does a table keep `data-contract.yaml`? If not: which column, which rows, which rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from .errors import InputError

SHOWN = 20


@dataclass(frozen=True)
class Violation:
    """One broken rule. Rows count from 0, the first row of the data."""

    column: str | None
    rule: str
    rows: list[int] = field(default_factory=list)
    count: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """The violation in one line."""
        if self.rule == "column_in_dataframe":
            said = f"column {self.column} is missing"
        elif self.rule == "column_in_schema":
            said = f"column {self.column} is not in the data contract"
        elif self.rule in ("unreadable", "split"):
            verb = "read" if self.rule == "unreadable" else "split"
            said = f"the data cannot be {verb}: {'; '.join(self.examples).rstrip('.')}"
        else:
            who = f"column {self.column}" if self.column else "the data"
            said = f"{who}: {self.count} {'row breaks' if self.count == 1 else 'rows break'}"
            said += f" {self.rule}"
            if self.rows:
                more = ", …" if self.count > len(self.rows) else ""
                said += f": rows {', '.join(map(str, self.rows))}{more}"
            if self.examples:
                said += f" (values {', '.join(self.examples)})"
        return f"{said}. Mend the data or change data-contract.yaml"

    def to_dict(self) -> dict[str, Any]:
        """The violation as it stands in failures.json."""
        return {**asdict(self), "message": self.message}


def enforce(frame: pd.DataFrame, contract: Path) -> tuple[pd.DataFrame, list[Violation]]:
    """The table in the contract's types and column order, and every rule that it breaks."""
    import pandera.errors
    from pandera.io import pandas_io

    try:
        schema = pandas_io.from_yaml(contract.read_text())
    except FileNotFoundError:
        raise InputError(f"{contract} is missing: it says what the data must look like") from None
    except Exception as error:  # whatever YAML or Pandera find wrong with the text
        raise InputError(f"{contract} is not a Pandera schema: {error}") from None
    numbered = frame.reset_index(drop=True)
    try:
        return schema.validate(numbered, lazy=True)[list(schema.columns)], []
    except pandera.errors.SchemaErrors as error:
        return frame, _violations(error.failure_cases)


def _violations(cases: pd.DataFrame) -> list[Violation]:
    """One violation per column and rule from Pandera's one case per cell."""
    found: dict[tuple[str | None, str], list[tuple[int | None, Any]]] = {}
    for case in cases.itertuples():
        rule = _rule(str(case.check))
        column = None if pd.isna(case.column) else str(case.column)
        if rule in ("column_in_dataframe", "column_in_schema"):
            column = str(case.failure_case)
        elif isinstance(case.failure_case, str) and case.failure_case.startswith("TypeError("):
            continue  # a rule that could not be tried, because the type (reported too) is wrong
        row = None if pd.isna(case.index) else int(case.index)
        found.setdefault((column, rule), []).append((row, case.failure_case))
    return [_violation(column, rule, hits) for (column, rule), hits in found.items()]


def _violation(column: str | None, rule: str, hits: list[tuple[int | None, Any]]) -> Violation:
    rows = sorted({row for row, _ in hits if row is not None})
    seen = dict.fromkeys(str(value) for _, value in hits)
    named = rule in ("column_in_dataframe", "column_in_schema")
    return Violation(
        column, rule, rows[:SHOWN], 0 if named else len(rows) or 1, [] if named else list(seen)[:3]
    )


def _rule(check: str) -> str:
    """Pandera tells the same wrong type as `coerce_dtype('float64')` and `dtype('float64')`."""
    if check.startswith(("coerce_dtype(", "dtype(")):
        return f"dtype({check.split('(', 1)[1].rstrip(')').strip(chr(39))})"
    return check
