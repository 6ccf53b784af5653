"""What a check found: one model, many formats."""

from gleis.findings.finding import Finding, Fix, Severity, WaiverRef, fingerprint
from gleis.findings.report import Report, RuleInfo

__all__ = ["Finding", "Fix", "Report", "RuleInfo", "Severity", "WaiverRef", "fingerprint"]
