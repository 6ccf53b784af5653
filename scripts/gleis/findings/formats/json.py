"""JSON for machines, in the stable shape of `schemas/findings.schema.json`."""

from __future__ import annotations

import json

from gleis.findings.report import Report, by_severity

VERSION = 1


def render(report: Report, *, colour: bool) -> str:
    """One JSON object; `colour` changes nothing."""
    del colour
    data = {
        "version": VERSION,
        "ok": report.exit_code == 0,
        "seconds": round(report.seconds, 3),
        "missing": list(report.missing),
        "summary": {
            "rules": len(report.rules),
            "broken": list(report.broken()),
            "failing": len(report.failing),
            "waived": sum(finding.waiver is not None for finding in report.findings),
            "severities": {
                severity.value: count for severity, count in by_severity(report.failing).items()
            },
        },
        "rules": [
            {"id": rule.id, "title": rule.title, "severity": rule.severity.value, "page": rule.page}
            for rule in report.rules
        ],
        "findings": [finding.to_dict() for finding in report.findings],
    }
    return json.dumps(data, indent=2) + "\n"
