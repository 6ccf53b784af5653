"""A preview as text, as JSON, and as a comment on a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gleis.findings.finding import Finding
from gleis.findings.formats.text import printable
from gleis.gitops.preview.difference import ADDED, CHANGED, REMOVED, Field, ObjectChange
from gleis.gitops.preview.finding import RULES
from gleis.gitops.preview.preview import Preview

VERSION = 1
# GitHub refuses a comment of more than 65,536 characters; some are left for what CI adds.
COMMENT = 60_000
_FIELDS = 40  # of one object, in text: what is beyond is counted
_VALUE = 120  # characters of a value
_SIGNS = {ADDED: "+", REMOVED: "-", CHANGED: "~"}
_MARK = "<!-- gleis gitops preview -->"  # by which CI finds its earlier comment


def to_json(preview: Preview, *, strict: bool) -> str:
    """One JSON object, with every finding and every change."""
    data: dict[str, Any] = {
        "version": VERSION,
        "ok": preview.exit_code(strict=strict) == 0,
        "compared": preview.compared or None,
        "tenants": preview.tenants,
        "applications": preview.applications,
        "objects": preview.objects,
        "rendered": preview.rendered,
        "unvalidated": preview.unvalidated,
        "notRendered": list(preview.elsewhere),
        "findings": [each.to_dict() for each in preview.findings],
        "changes": [each.to_dict() for each in preview.changes],
    }
    return json.dumps(data, indent=2) + "\n"


def text(preview: Preview) -> str:
    """For a terminal: findings by rule, then what changes, then one line."""
    lines: list[str] = []
    for rule, found in _by_rule(preview.findings):
        known = RULES[rule.partition("/")[2]]
        lines.append(f"{rule}  {known.title}")
        lines += [f"  {each.place}  {printable(each.message)}" for each in found]
        lines += [f"    Do: {known.remediation}", ""]
    for change in preview.changes:
        lines.append(f"{_SIGNS[change.what]} {printable(change.identity)}")
        lines += [f"    {each}" for each in _fields(change)]
    if preview.changes:
        lines.append("")
    if preview.elsewhere:
        # Told in full by --json: a platform has a dozen, the same every time.
        names = [
            printable(each.removeprefix("chart ").split(" of ")[0]) for each in preview.elsewhere
        ]
        lines.append(f"not rendered here: the charts {', '.join(names)}")
    lines.append(_sum(preview))
    return "\n".join(lines) + "\n"


def markdown(preview: Preview, limit: int = COMMENT) -> str:
    """A comment for a pull request, with the details folded, of at most `limit` characters."""
    failing = [each for each in preview.findings if each.fails]
    head = [_MARK, f"### GitOps preview: {_verdict(preview)}", "", _sum(preview), ""]
    blocks = [_folded(f"{len(failing)} finding(s)", _finding_lines(failing))] if failing else []
    blocks += [_folded(_title(each), ["```diff", *_diff(each), "```"]) for each in preview.changes]
    tail = [f"Not validated: {_counts(preview)}", ""] if preview.unvalidated else []
    room = limit - len("\n".join([*head, *tail])) - 200
    shown: list[str] = []
    for index, block in enumerate(blocks):
        if len(block) + 1 > room:
            left = len(blocks) - index
            shown.append(f"… and {left} more: run `gleis gitops preview` to see them all.\n")
            break
        shown.append(block)
        room -= len(block) + 1
    return "\n".join([*head, *shown, *tail])


def _by_rule(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    found: dict[str, list[Finding]] = {}
    for each in findings:
        found.setdefault(each.rule, []).append(each)
    return list(found.items())


def _fields(change: ObjectChange) -> list[str]:
    shown = [
        f"{each.path}: {_value(each.before)} → {_value(each.after)}"
        for each in change.fields[:_FIELDS]
    ]
    more = len(change.fields) - len(shown)
    return [*shown, f"… and {more} more"] if more > 0 else shown


def _value(value: Any) -> str:
    if value is None:
        return "(nothing)"
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    said = printable(said)
    return said if len(said) <= _VALUE else f"{said[: _VALUE - 1]}…"


def _sum(preview: Preview) -> str:
    failing = sum(each.fails for each in preview.findings)
    tenants = "1 tenant" if preview.tenants == 1 else f"{preview.tenants} tenants"
    counts = f"{tenants}, {preview.applications} Applications, "
    counts += f"{preview.objects} objects: "
    said = counts + (f"{failing} finding(s)" if failing else "clean")
    if preview.unvalidated:
        said += f"; {sum(preview.unvalidated.values())} not validated ({_counts(preview)})"
    if preview.compared:
        said += f". Compared with {preview.compared}: {_changed(preview)}"
    return said


def _changed(preview: Preview) -> str:
    counts = {
        what: sum(each.what == what for each in preview.changes)
        for what in (ADDED, CHANGED, REMOVED)
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "no change"


def _counts(preview: Preview) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in preview.unvalidated.items())


def _verdict(preview: Preview) -> str:
    return "findings" if preview.exit_code() else "clean"


def _folded(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"<details><summary>{_escaped(title)}</summary>\n\n{body}\n\n</details>\n"


def _title(change: ObjectChange) -> str:
    return f"{change.what}: {change.identity}"


def _finding_lines(findings: Iterable[Finding]) -> list[str]:
    lines = ["| rule | where | what |", "|---|---|---|"]
    for each in findings:
        cells = (each.rule, each.place, each.message)
        lines.append("| " + " | ".join(_escaped(cell) for cell in cells) + " |")
    return lines


def _diff(change: ObjectChange) -> list[str]:
    lines = []
    for each in change.fields[:_FIELDS]:
        lines += [f"  {_plain(each.path)}", *_before_after(each)]
    if len(change.fields) > _FIELDS:
        lines.append(f"  … and {len(change.fields) - _FIELDS} more")
    return lines or [f"{_SIGNS[change.what]} {_plain(change.identity)}"]


def _before_after(each: Field) -> list[str]:
    return [f"- {_plain(_value(each.before))}", f"+ {_plain(_value(each.after))}"]


def _plain(said: str) -> str:
    """Text that cannot end the block it stands in."""
    return printable(said).replace("```", "'''")


def _escaped(said: str) -> str:
    """Text that is no Markdown, no HTML, and calls nobody."""
    said = printable(said).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_[]|#":
        said = said.replace(sign, f"\\{sign}")
    return said.replace("@", "@\u200b")
