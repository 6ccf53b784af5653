"""Formats of findings: each module here is one, named like the format.

A module has `render(report, *, colour) -> str`. Adding a file adds a format.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module

from gleis.findings.finding import Finding
from gleis.findings.report import Report, RuleInfo, ordered


def names() -> tuple[str, ...]:
    """The formats there are."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def render(
    name: str,
    findings: Sequence[Finding],
    *,
    rules: Sequence[RuleInfo] = (),
    seconds: float = 0.0,
    missing: Sequence[str] = (),
    colour: bool = False,
) -> str:
    """`findings` in the format `name`, ending with a line break.

    `rules` are those that ran; formats that list rules (or count them) need it. `colour` is for
    formats that a terminal shows. Raises KeyError, naming the formats, for an unknown one.
    """
    if name not in names():
        raise KeyError(f"no format {name!r}; there are: {', '.join(names())}")
    report = Report(ordered(findings), tuple(rules), seconds, tuple(missing))
    text: str = import_module(f"{__name__}.{name}").render(report, colour=colour)
    return text


def render_report(name: str, report: Report, *, colour: bool = False) -> str:
    """A whole report in the format `name`."""
    return render(
        name,
        report.findings,
        rules=report.rules,
        seconds=report.seconds,
        missing=report.missing,
        colour=colour,
    )
