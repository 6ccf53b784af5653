"""Text for people: grouped by rule, the worst first, each with its place and what to do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from gleis.findings.finding import Finding, Severity
from gleis.findings.report import Report, by_severity

_Painter = Callable[[str, str], str]

_COLOURS = {
    Severity.CRITICAL: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}


def render(report: Report, *, colour: bool) -> str:
    """Groups of findings, then one line that sums them up."""
    paint = _paint if colour else _plain
    titles = {rule.id: rule for rule in report.rules}
    blocks = []
    for rule_id, group in groupby(report.findings, key=lambda finding: finding.rule):
        found = list(group)
        info = titles.get(rule_id)
        title = f" {info.title}" if info else ""
        lines = [paint(f"{rule_id}{title}", "1")]
        for remediation, same in groupby(found, key=lambda finding: finding.remediation):
            lines += [_line(finding, paint) for finding in same]
            lines.append(_indented("Do: ", remediation))
        if info and info.page:
            lines.append(f"    Why: {info.page}")
        blocks.append("\n".join(lines))
    blocks += [_indented("Missing: ", tool).lstrip() for tool in report.missing]
    return "\n\n".join([*blocks, _summary(report, paint)]) + "\n"


def _line(finding: Finding, paint: _Painter) -> str:
    severity = paint(f"{finding.severity.value:<8}", _COLOURS[finding.severity])
    text = f"  {severity} {printable(finding.place)}  {printable(finding.message)}"
    if finding.waiver:
        waiver = finding.waiver
        text += paint(
            f"  [waived until {waiver.expires}: {printable(waiver.ticket)}, "
            f"approved by {printable(waiver.approver)}]",
            "2",
        )
    return text


def _summary(report: Report, paint: _Painter) -> str:
    broken, waived = report.broken(), sum(f.waiver is not None for f in report.findings)
    noun = "SOP" if len(report.rules) == 1 else "SOPs"
    ran = f"{len(report.rules)} {noun} checked in {report.seconds:.1f} s"
    counts = ", ".join(f"{count} {name}" for name, count in by_severity(report.failing).items())
    if report.missing:
        verdict = paint("not everything could be checked", "1;31")
    elif report.failing:
        verdict = paint(f"{len(broken)} not kept" if broken else "findings", "1;31")
    else:
        verdict = paint("all kept", "32")
    tail = f" ({counts})" if counts else ""
    return f"{ran}: {verdict}{tail}" + (f", {waived} waived" if waived else "")


def _indented(label: str, text: str) -> str:
    first, *rest = text.strip().splitlines() or [""]
    pad = "\n" + " " * (4 + len(label))
    return f"    {label}{printable(first)}" + "".join(pad + printable(line) for line in rest)


def printable(text: str) -> str:
    """`text` without anything that could steer a terminal: file names come from strangers."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


def _plain(text: str, code: str) -> str:
    del code
    return text


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
