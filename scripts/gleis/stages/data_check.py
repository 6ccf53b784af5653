"""`data-check`: load the data, hold it against the data contract, split it, look for leaks."""

from __future__ import annotations

from gleis.findings import Finding, Severity
from gleis.pipeline.stage import Context, Outcome


def run(context: Context) -> Outcome:
    """Fail with one finding per column and rule that the data breaks."""
    context.out("data/failures.json").unlink(missing_ok=True)
    answer = context.module("data")
    if answer.code == 1 and context.out("data/failures.json").is_file():
        findings = [
            Finding(
                rule=f"data/{failure['rule']}",
                severity=Severity.HIGH,
                message=failure["message"],
                remediation="Mend the data, or change data-contract.yaml if the data is right.",
                file="data-contract.yaml",
            )
            for failure in context.read("data/failures.json")["failures"]
        ]
        said = "\n".join(f"  {finding.message}" for finding in findings[:20])
        return Outcome.failed(
            f"the data breaks its contract in {len(findings)} place(s):\n{said}",
            findings=tuple(finding.to_dict() for finding in findings),
            details=context.read("data/failures.json"),
        )
    if answer.code:
        return context.broke(answer, "data-check")
    facts = context.read("data/data.json")
    split = facts["split"]
    return Outcome(
        details=facts,
        summary=f"{facts['rows']:,} rows: {split['train']:,} to train, {split['test']:,} to test",
    )
