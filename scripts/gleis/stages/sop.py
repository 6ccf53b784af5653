"""`sop`: the organisation's standard operating procedures, as `gleis check` has them."""

from __future__ import annotations

from gleis import evidence
from gleis.check import engine
from gleis.findings import formats
from gleis.findings.report import Report
from gleis.pipeline.stage import Context, Outcome
from gleis.tools import ToolMissing


def run(context: Context) -> Outcome:
    """Fail when a finding is left that no valid waiver covers."""
    report = engine.check(
        context.root, today=evidence.now().date(), platform=context.platform, progress=context.say
    )
    text = formats.render_report("text", report)
    context.log.write_text(text, encoding="utf-8")
    if report.missing:
        raise ToolMissing("some SOPs could not be checked:\n" + "\n".join(report.missing))
    findings = tuple(finding.to_dict() for finding in report.findings)
    details = {"rules": _outcomes(report)}
    if report.failing:
        reason = f"{len(report.failing)} finding(s) against the SOPs:\n{text}"
        return Outcome.failed(reason, findings=findings, details=details)
    waived = sum(finding.waiver is not None for finding in report.findings)
    return Outcome(
        findings=findings,
        details=details,
        summary=f"{len(report.rules)} SOPs hold" + (f", {waived} waived" if waived else ""),
    )


def _outcomes(report: Report) -> list[dict[str, str]]:
    broken = report.broken()
    return [
        {
            "id": rule.id,
            "title": rule.title,
            "severity": str(rule.severity),
            "outcome": "failed" if rule.id in broken else "passed",
        }
        for rule in report.rules
    ]
