"""The standard operating procedures that were checked: each outcome, open and waived findings."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.report.model import Evidence, FindingFact, Rule

SHOWN_LIMIT = 100  # findings printed in full
ORDER = ("critical", "high", "medium", "low", "info")


@dataclass(frozen=True)
class Procedure:
    """One SOP. `tone` is ok, warn (all waived), bad, or idle (not said)."""

    id: str
    title: str
    severity: str
    outcome: str
    tone: str


@dataclass(frozen=True)
class Group:
    """The open findings of one rule."""

    rule: str
    title: str
    severity: str
    findings: tuple[FindingFact, ...]


@dataclass(frozen=True)
class Sops:
    summary: str
    tone: str
    procedures: tuple[Procedure, ...]
    groups: tuple[Group, ...]
    waived: tuple[FindingFact, ...]
    left_out: int


def sum_up(evidence: Evidence) -> Sops | None:
    """What the stage `sop` says; None when it left no evidence."""
    found = evidence.statement("sop")
    if found is None:
        return None
    titles = {rule.id: rule.title for rule in found.rules}
    opened = [f for f in found.findings if f.waiver is None]
    failing = sum(f.severity != "info" for f in opened)
    waived = tuple(f for f in found.findings if f.waiver is not None)
    groups: dict[str, list[FindingFact]] = {}
    for finding in sorted(opened[:SHOWN_LIMIT], key=lambda f: (_rank(f.severity), f.rule)):
        groups.setdefault(finding.rule, []).append(finding)
    procedures = tuple(_procedure(rule, found.findings, found.verdict) for rule in found.rules)
    return Sops(
        summary=_summary(
            len(found.rules), failing, len(opened) - failing, len(waived), found.verdict
        ),
        tone="bad" if failing else "ok" if found.verdict == "passed" else "warn",
        procedures=procedures,
        groups=tuple(
            Group(rule, titles.get(rule, ""), listed[0].severity, tuple(listed))
            for rule, listed in groups.items()
        ),
        waived=waived[:SHOWN_LIMIT],
        left_out=max(0, len(opened) - SHOWN_LIMIT) + max(0, len(waived) - SHOWN_LIMIT),
    )


def _procedure(rule: Rule, findings: tuple[FindingFact, ...], verdict: str) -> Procedure:
    mine = [f for f in findings if f.rule == rule.id]
    opened = [f for f in mine if f.waiver is None]
    failing = sum(f.severity != "info" for f in opened)
    if failing:
        outcome, tone = _plural(failing, "finding"), "bad"
    elif len(mine) > len(opened):
        outcome, tone = f"{len(mine) - len(opened)} waived", "warn"
    else:  # a rule that ran to its end and found nothing holds, whether or not it says so
        ended = "passed" if verdict in {"passed", "failed"} else "not said"
        outcome = rule.outcome or ended
        tone = "ok" if outcome in {"passed", "pass", "ok"} else "idle"
    return Procedure(rule.id, rule.title, rule.severity, outcome, tone)


def _summary(rules: int, opened: int, notes: int, waived: int, verdict: str) -> str:
    ran = f"{_plural(rules, 'SOP')} ran" if rules else "the evidence does not list which SOPs ran"
    held = f", {_plural(waived, 'finding')} waived" if waived else ""
    held += f", {_plural(notes, 'note')} that fail nothing" if notes else ""
    if opened:
        return f"{_plural(opened, 'open finding')}{held}; {ran}."
    if verdict != "passed":
        return f"No finding, but the stage did not pass; {ran}."
    return f"No open findings: {ran}{held}."


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _rank(severity: str) -> int:
    return ORDER.index(severity) if severity in ORDER else len(ORDER)
