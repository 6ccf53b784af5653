"""The one matcher of findings and waivers: pure, with the day given by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from gleis.findings import Finding, Severity, fingerprint
from gleis.waivers.waiver import FILE, MAXIMUM_DAYS, Waiver, load

UNUSED = "waiver-unused"
MALFORMED = "waiver-malformed"


def today_of(now: datetime) -> date:
    """The day that waivers are held against at the instant `now`: they end at midnight UTC."""
    if now.tzinfo is None:
        raise ValueError("an instant without a time zone has no day that two sites agree on")
    return now.astimezone(UTC).date()


def match(
    findings: Iterable[Finding],
    waivers: Sequence[Waiver],
    today: date,
    *,
    limits: Mapping[Severity, int] = MAXIMUM_DAYS,
) -> list[Finding]:
    """`findings`, each with the waiver that excuses it, then what is wrong with the waivers.

    A waiver that covers a finding but has expired, runs for too long or is malformed excuses
    nothing: the finding stays and says why. A waiver that covers nothing is a finding.
    """
    used: set[int] = set()
    results = []
    for finding in findings:
        objections = {
            index: waiver.objections(finding, today, limits)
            for index, waiver in enumerate(waivers)
            if waiver.covers(finding)
        }
        valid = [index for index, why in objections.items() if not why]
        if valid:
            used.add(valid[0])
            results.append(replace(finding, waiver=waivers[valid[0]].reference()))
        elif objections:
            used.update(objections)
            index = next(iter(objections))
            waiver = waivers[index]
            results.append(
                replace(
                    finding,
                    message=f"{finding.message} (the waiver {waiver.ticket} at "
                    f"{waiver.file}:{waiver.line} does not hold: {'; '.join(objections[index])})",
                )
            )
        else:
            results.append(finding)
    for index, waiver in enumerate(waivers):
        results += [_defective(waiver, defect) for defect in waiver.defects(today)]
        if index not in used and not waiver.defects(today):
            results.append(_unused(waiver, today))
    return results


def hold(root: Path, findings: Iterable[Finding], rules: str, today: date) -> list[Finding]:
    """The findings of a stage, held to what the repo `root` waives of rules that begin so.

    Raises ContractError for a `waivers.yaml` of the wrong shape.
    """
    path = root / FILE
    written = load(path, root=root) if path.is_file() else []
    return match(findings, [each for each in written if each.rule.startswith(rules)], today)


def malformed(
    why: str, file: str = FILE, line: int | None = None, column: int | None = None
) -> Finding:
    """The finding that something in `waivers.yaml` is wrong; what is wrong waives nothing."""
    return Finding(
        rule=MALFORMED,
        severity=Severity.MEDIUM,
        message=why,
        remediation="Correct waivers.yaml, or remove the entry and keep to the SOP.",
        file=file,
        line=line,
        column=column,
        fingerprint=fingerprint(MALFORMED, file, why),
    )


def _defective(waiver: Waiver, defect: str) -> Finding:
    why = f"the waiver {waiver.ticket} for {waiver.rule} waives nothing: {defect}"
    return malformed(why, waiver.file, waiver.line)


def _unused(waiver: Waiver, today: date) -> Finding:
    ended = f" and expired on {waiver.expires}" if today > waiver.expires else ""
    return Finding(
        rule=UNUSED,
        severity=Severity.LOW,
        message=f"the waiver {waiver.ticket} for {waiver.rule} on {waiver.path} is not used{ended}",
        remediation="Remove the entry from waivers.yaml: what it excused is gone.",
        file=waiver.file,
        line=waiver.line,
        fingerprint=fingerprint(
            UNUSED, waiver.file, f"{waiver.rule} {waiver.path} {waiver.ticket}"
        ),
    )
