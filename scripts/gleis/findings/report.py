"""What a whole check came to: the rules that ran and what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gleis.findings.finding import Finding, Severity


@dataclass(frozen=True)
class RuleInfo:
    """What a reader of findings wants to know of a rule.

    `page` is its SOP, relative to the platform's repo.
    """

    id: str
    title: str
    severity: Severity
    page: str = ""


@dataclass(frozen=True)
class Report:
    """`missing` names the tools without which some rules could not be checked."""

    findings: tuple[Finding, ...]
    rules: tuple[RuleInfo, ...] = ()
    seconds: float = 0.0
    missing: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[Finding, ...]:
        """Findings that make the answer "no"."""
        return tuple(finding for finding in self.findings if finding.fails)

    @property
    def exit_code(self) -> int:
        """0 all hold, 1 findings, 3 a tool is missing and the answer is not known."""
        if self.missing:
            return 3
        return 1 if self.failing else 0

    def broken(self) -> tuple[str, ...]:
        """Ids of the rules that ran and have a failing finding."""
        ids = {finding.rule for finding in self.failing}
        return tuple(rule.id for rule in self.rules if rule.id in ids)


def by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many findings of each severity, the worst first, without zeros."""
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in Severity if counts[severity]}


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the one order that all formats keep: worst first, then rule, then place."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                -finding.severity.rank,
                finding.rule,
                finding.file or "",
                finding.line or 0,
                finding.column or 0,
                finding.message,
            ),
        )
    )
