"""`scan`: known vulnerabilities of what goes into the image. No source of advisories is a no.

The lock is audited with pip-audit; the image's system packages with trivy or grype, where one of
them is. What stops the run, and where advisories come from, is in platform.yaml: scan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gleis import evidence, supply, waivers
from gleis.contract import platform
from gleis.errors import ToolMissing
from gleis.findings import Finding, Severity, fingerprint
from gleis.pipeline import locks
from gleis.pipeline.stage import OUT, Context, Outcome
from gleis.tools import catalogue, process

RULE = "SCAN/"
LOCK = "requirements.lock"
# What nobody has graded yet stops an image until somebody has looked at it.
_UNKNOWN = Severity.HIGH
_GRADES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.INFO,
}


def run(context: Context) -> Outcome:
    """Fail on a vulnerability at or above the platform's severity that no waiver covers."""
    policy = context.platform.scan
    where = source_of(policy.advisories)
    tools = supply.environment(context.say)
    context.say("asking for known vulnerabilities")
    try:
        answer = supply.inside(
            tools,
            "audit.py",
            {"advisories": where, "locks": [str(each) for each in locks.of(context.root)]},
            timeout=context.timeout,
        )
    except supply.SupplyError as error:
        return Outcome.failed(
            f"nobody could say which vulnerabilities are known: {error}. Without advisories "
            "nothing is called safe. Let the runner reach the service, or set scan.advisories in "
            "platform.yaml to an OSV service or a snapshot that it reaches"
        )
    findings = [_of_package(each) for each in answer["vulnerabilities"]]
    scanner, found = _image(context, required=policy.image_scanner == "required")
    findings += found
    held = waivers.hold(context.root, findings, RULE, evidence.now().date())
    stopping = [each for each in held if stops(each, Severity(policy.fail_on))]
    details = {
        "advisories": policy.advisories,
        "failOn": policy.fail_on,
        "imageScanner": scanner,
        "vulnerabilities": len(findings),
        "waived": sum(each.waiver is not None for each in held),
    }
    records = tuple(each.to_dict() for each in held)
    context.write("scan.json", {**details, "findings": list(records)})
    if stopping:
        lines = "\n".join(
            f"  {each.severity}: {each.file} {each.message} ({each.rule}). {each.remediation}"
            for each in stopping
        )
        return Outcome.failed(
            f"{len(stopping)} known vulnerability(ies) of severity {policy.fail_on} or worse:\n"
            f"{lines}",
            findings=records,
            details=details,
        )
    image = f"image by {scanner}" if scanner else "system packages not scanned (no trivy, no grype)"
    return Outcome(
        findings=records,
        details=details,
        summary=f"{len(findings)} known, none stops the image; {image}",
    )


def source_of(advisories: str) -> str:
    """A URL as it is; a path is relative to the folder of platform.yaml."""
    return advisories if "://" in advisories else str(platform.find().parent / advisories)


def stops(finding: Finding, least: Severity) -> bool:
    """Whether a finding alone stops the image. What is wrong with waivers.yaml always does."""
    return finding.waiver is None and (
        finding.severity >= least or finding.rule == waivers.malformed("").rule
    )


def _of_package(said: dict[str, Any]) -> Finding:
    versions = ", ".join(said["fixed"])
    fixed = f"Update to {versions} and lock again" if versions else "No fix yet"
    return _finding(
        said["id"],
        _GRADES.get(said["severity"], _UNKNOWN),
        f"{said['package']} {said['version']}: {said['summary']}",
        fixed,
        LOCK,
    )


def _finding(advisory: str, severity: Severity, message: str, fixed: str, file: str) -> Finding:
    rule = f"{RULE}{advisory}"
    package = message.partition(" ")[0]
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        remediation=f"{fixed}; if it cannot hurt here, waive {rule} in waivers.yaml.",
        file=file,
        fingerprint=fingerprint(rule, file, package),
    )


def _image(context: Context, *, required: bool) -> tuple[str, list[Finding]]:
    """The scanner that looked at the image ("" when none is here) and what it found."""
    for name, argv, read in _SCANNERS:
        if catalogue.find(name) is None:
            continue
        context.say(f"{name} looks at the image")
        image = context.root / OUT / "image.tar"
        done = process.run(
            [catalogue.require(name), *(word.format(image=image) for word in argv)],
            timeout=context.timeout,
            env=process.clean_env(),
            check=True,
        )
        return name, list(read(json.loads(done.stdout)))
    if required:
        raise ToolMissing(
            "platform.yaml asks for a scan of every image (scan.imageScanner: required), and "
            f"neither trivy nor grype is here. {catalogue.missing('trivy')}"
        )
    return "", []


def trivy(said: dict[str, Any]) -> Iterator[Finding]:
    """Findings in `trivy image --format json`."""
    for result in said.get("Results") or []:
        if result.get("Class") != "os-pkgs":
            continue  # Python packages are pip-audit's
        for each in result.get("Vulnerabilities") or []:
            yield _finding(
                each["VulnerabilityID"],
                _GRADES.get(str(each.get("Severity")).lower(), _UNKNOWN),
                f"{each['PkgName']} {each['InstalledVersion']}: {each.get('Title', '')}",
                f"Take a base image with {each['FixedVersion']}"
                if each.get("FixedVersion")
                else "No fix yet",
                "Dockerfile",
            )


def grype(said: dict[str, Any]) -> Iterator[Finding]:
    """Findings in `grype -o json`."""
    for match in said.get("matches") or []:
        package, each = match["artifact"], match["vulnerability"]
        if package.get("type") == "python":
            continue
        versions = each.get("fix", {}).get("versions") or []
        yield _finding(
            each["id"],
            _GRADES.get(str(each.get("severity")).lower(), _UNKNOWN),
            f"{package['name']} {package['version']}: {each.get('description', '')[:200]}",
            f"Take a base image with {', '.join(versions)}" if versions else "No fix yet",
            "Dockerfile",
        )


_SCANNERS = (
    ("trivy", ("image", "--quiet", "--format", "json", "--input", "{image}"), trivy),
    ("grype", ("--quiet", "--output", "json", "oci-archive:{image}"), grype),
)
