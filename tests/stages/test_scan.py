"""`scan`: what stops an image, what a waiver covers, and that silence is never a yes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gleis.contract import platform, project
from gleis.errors import ToolMissing
from gleis.findings import Finding, Severity
from gleis.pipeline import graph
from gleis.pipeline.stage import Context
from gleis.stages import scan
from gleis.tools import catalogue

REPO = Path(__file__).parent.parent.parent
ADVISORIES = REPO / "tests" / "supply" / "advisories.json"
TRIVY = {
    "Results": [
        {
            "Class": "os-pkgs",
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-0000-0002",
                    "PkgName": "libssl3",
                    "InstalledVersion": "3.0.1",
                    "FixedVersion": "3.0.2",
                    "Severity": "CRITICAL",
                    "Title": "made up for this test",
                }
            ],
        },
        {"Class": "lang-pkgs", "Vulnerabilities": [{"VulnerabilityID": "CVE-0000-0003"}]},
    ]
}
GRYPE = {
    "matches": [
        {
            "artifact": {"name": "libssl3", "version": "3.0.1", "type": "deb"},
            "vulnerability": {"id": "CVE-0000-0002", "severity": "Negligible", "fix": {}},
        },
        {"artifact": {"name": "a", "version": "1", "type": "python"}, "vulnerability": {}},
    ]
}


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A project whose lock has one package with a flaw that is graded medium."""
    find = catalogue.find
    scanners = ("trivy", "grype")  # whether this machine has them must not matter
    monkeypatch.setattr(catalogue, "find", lambda name: None if name in scanners else find(name))
    shutil.copy(REPO / "tests/check/fixtures/base/project.yaml", tmp_path)
    (tmp_path / "requirements.lock").write_text(f"demo-package==1.4 --hash=sha256:{'0' * 64}\n")
    organisation = platform.load(REPO / "platform.yaml")
    organisation = replace(
        organisation, scan=platform.Scan(fail_on="medium", advisories=str(ADVISORIES))
    )
    return Context(
        tmp_path, project.load(tmp_path, organisation), organisation,
        graph.load().stage("scan"), "dev", tmp_path / "scan.log",
        lambda _: None, _never, _never, _never,
    )  # fmt: skip


def _never() -> object:
    raise AssertionError("scan needs no environment of the project")


def with_policy(context: Context, **policy: str) -> Context:
    changed = replace(context.platform.scan, **policy)
    return replace(context, platform=replace(context.platform, scan=changed))


def waive(context: Context, rule: str, expires: str = "2099-01-01") -> None:
    from gleis import evidence

    today = evidence.now().date().isoformat()
    (context.root / "waivers.yaml").write_text(
        "apiVersion: gleis/v1\nkind: Waivers\nwaivers:\n"
        f"  - rule: {rule}\n    path: requirements.lock\n    owner: a@example.com\n"
        "    approver: b@example.com\n    ticket: ML-1\n    reason: not reachable from outside\n"
        f"    created: {today}\n    expires: {expires}\n"
    )


def soon() -> str:
    from datetime import timedelta

    from gleis import evidence

    return (evidence.now().date() + timedelta(days=7)).isoformat()


def found_id(context: Context) -> str:
    (finding,) = scan.run(context).findings
    return str(finding["rule"])


def test_a_flaw_at_the_limit_stops_and_says_what_to_do(context: Context) -> None:
    outcome = scan.run(context)

    assert outcome.verdict == "failed"
    assert "demo-package 1.4: Made up for this test" in outcome.reason
    assert "Update to 1.5" in outcome.reason
    assert json.loads((context.root / ".gleis/out/scan.json").read_text())["vulnerabilities"] == 1


def test_a_flaw_below_the_limit_is_told_and_does_not_stop(context: Context) -> None:
    outcome = scan.run(with_policy(context, fail_on="high"))

    assert outcome.verdict == "passed"
    assert len(outcome.findings) == 1
    assert "system packages not scanned" in outcome.summary


def test_a_waiver_of_this_advisory_covers_it(context: Context) -> None:
    waive(context, found_id(context), soon())

    outcome = scan.run(context)

    assert outcome.verdict == "passed", outcome.reason
    assert outcome.details["waived"] == 1


def test_a_waiver_of_another_advisory_does_not(context: Context) -> None:
    waive(context, "SCAN/CVE-1999-0001", soon())

    assert scan.run(context).verdict == "failed"


def test_a_waiver_that_runs_for_too_long_does_not(context: Context) -> None:
    waive(context, found_id(context))

    outcome = scan.run(context)

    assert outcome.verdict == "failed"
    assert "medium findings may be waived for 90 at most" in outcome.reason


def test_without_a_source_nothing_is_called_safe(context: Context, tmp_path: Path) -> None:
    outcome = scan.run(with_policy(context, advisories=str(tmp_path / "missing.json")))

    assert outcome.verdict == "failed"
    assert "nobody could say" in outcome.reason
    assert "scan.advisories" in outcome.reason
    assert not (tmp_path / ".gleis/out/scan.json").exists()


def test_a_platform_may_insist_on_a_scanner(context: Context) -> None:
    with pytest.raises(ToolMissing, match="neither trivy nor grype is here"):
        scan.run(with_policy(context, image_scanner="required", fail_on="high"))


def test_what_trivy_and_grype_say_is_read() -> None:
    (first,), (second,) = list(scan.trivy(TRIVY)), list(scan.grype(GRYPE))

    assert (first.rule, first.severity, first.file) == (
        "SCAN/CVE-0000-0002",
        Severity.CRITICAL,
        "Dockerfile",
    )
    assert "Take a base image with 3.0.2" in first.remediation
    assert (second.rule, second.severity) == ("SCAN/CVE-0000-0002", Severity.INFO)


def test_an_ungraded_flaw_counts_as_high() -> None:
    said = {"package": "a", "version": "1", "id": "X-1", "fixed": [], "summary": "s"}

    finding = scan._of_package({**said, "severity": "unknown"})

    assert scan.stops(finding, Severity.HIGH)
    assert not scan.stops(finding, Severity.CRITICAL)


def test_a_defect_in_the_waivers_stops_and_an_unused_one_does_not() -> None:
    from gleis import waivers

    unused = Finding("waiver-unused", Severity.LOW, "m", "r", "waivers.yaml")

    assert scan.stops(waivers.malformed("x"), Severity.CRITICAL)
    assert not scan.stops(unused, Severity.HIGH)


def test_the_sops_do_not_call_a_waiver_of_an_advisory_unused(tmp_path: Path) -> None:
    from gleis import evidence
    from gleis.check import engine

    base = REPO / "tests/check/fixtures/base"
    shutil.copytree(base, tmp_path / "repo")
    (tmp_path / "repo/waivers.yaml").write_text(
        "apiVersion: gleis/v1\nkind: Waivers\nwaivers:\n"
        "  - {rule: SCAN/CVE-1999-0001, path: requirements.lock, owner: a@example.com,\n"
        "     approver: b@example.com, ticket: ML-1, reason: not reachable from outside,\n"
        "     created: 2026-01-01, expires: 2026-01-20}\n"
    )

    report = engine.check(tmp_path / "repo", only={"SOP-001"}, today=evidence.now().date())

    assert [each.rule for each in report.findings] == []
