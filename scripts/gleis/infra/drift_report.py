"""What `drift.check` found: for a terminal, as Markdown, as JSON and as findings."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gleis.findings import Finding, Report, RuleInfo, Severity, fingerprint
from gleis.infra import summary
from gleis.infra.drift import KINDS, Checked, Drifted, Kind

_SEVERITY: dict[Kind, Severity] = {
    "changed outside": Severity.HIGH,
    "gone": Severity.HIGH,
    "not applied": Severity.MEDIUM,
    "left alone": Severity.INFO,
}
_WORDS: dict[Kind, str] = {
    "changed outside": "was changed outside of Terraform",
    "gone": "is gone: it was deleted outside of Terraform",
    "not applied": "is not as the code says: the code was not applied",
    "left alone": "is not as the state remembers it, where the code says nothing",
}
_DO: dict[Kind, str] = {
    "changed outside": "Apply to undo it, or put the change into the code.",
    "gone": "Apply to make it anew, or take it out of the code.",
    "not applied": "Apply, or take the change out of the code.",
    "left alone": "Nothing; or say in the code how it should be.",
}
_MOST_ATTRIBUTES = 12  # of one resource


def report(checked: Sequence[Checked]) -> Report:
    """The findings of all roots; roots that could not be checked are `missing` (exit code 3)."""
    return Report(
        findings=tuple(_finding(root, each) for root in checked for each in root.drifted),
        rules=tuple(
            RuleInfo(_rule(kind), f"No resource {_WORDS[kind]}", _SEVERITY[kind]) for kind in KINDS
        ),
        seconds=sum(each.seconds for each in checked),
        missing=tuple(each.root.name for each in checked if each.problem),
    )


def to_dict(checked: Sequence[Checked]) -> dict[str, Any]:
    """Plain data: what `gleis infra drift --json` prints."""
    return {
        "verdict": headline(checked),
        "roots": [each.to_dict() for each in checked],
        "findings": [each.to_dict() for each in report(checked).findings],
    }


def headline(checked: Sequence[Checked]) -> str:
    """`20 roots: 1 drifted, 19 as the code says`."""
    counts = Counter(each.verdict for each in checked)
    order = ("drifted", "could not be checked", "as the code says")
    parts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in order if counts[verdict])
    return f"{len(checked)} root{'s' if len(checked) != 1 else ''}: {parts}"


def text(checked: Sequence[Checked]) -> str:
    """For a terminal: only what is not as the code says, then the sum."""
    lines: list[str] = []
    for root in checked:
        if not root.drifted and not root.problem:
            continue
        lines.append(f"{root.root.name}: {root.verdict}")
        lines += [f"  {line}" for line in root.problem.splitlines()]
        for each in root.drifted:
            lines.append(f"  {each.address} {_said(each)}")
            lines += [
                f"      {summary.attribute(one)}" for one in each.attributes[:_MOST_ATTRIBUTES]
            ]
            lines += [f"      {more}" for more in _more(each)]
        lines.append("")
    return summary.printable([*lines, headline(checked)])


def markdown(checked: Sequence[Checked]) -> str:
    """For a CI page or an issue."""
    lines = [f"### Drift: {headline(checked)}", ""]
    for root in checked:
        if not root.drifted and not root.problem:
            continue
        lines += [f"**{summary.plain(root.root.name)}**: {root.verdict}", ""]
        if root.problem:
            lines += [*summary.verbatim(root.problem), ""]
        for each in root.drifted:
            lines.append(f"- {summary.code(each.address)} {_said(each)}")
            lines += [f"  - {summary.marked(one)}" for one in each.attributes[:_MOST_ATTRIBUTES]]
            lines += [f"  - {more}" for more in _more(each)]
        if root.drifted:
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _said(each: Drifted) -> str:
    done = f" ({each.action})" if each.kind == "not applied" and each.action else ""
    return _WORDS[each.kind] + done


def _more(each: Drifted) -> list[str]:
    left = len(each.attributes) - _MOST_ATTRIBUTES
    return [f"… and {left} more attribute(s)"] if left > 0 else []


def _rule(kind: Kind) -> str:
    return f"drift/{kind.replace(' ', '-')}"


def _finding(root: Checked, each: Drifted) -> Finding:
    what = "; ".join(summary.attribute(one) for one in each.attributes[:_MOST_ATTRIBUTES])
    rule = _rule(each.kind)
    message = f"{root.root.name}: {each.address} {_said(each)}" + (f": {what}" if what else "")
    return Finding(
        rule=rule,
        severity=_SEVERITY[each.kind],
        message=message,
        remediation=_DO[each.kind],
        file=os.path.relpath(root.root.folder).replace(os.sep, "/"),
        fingerprint=fingerprint(rule, root.root.name, each.address),
    )
