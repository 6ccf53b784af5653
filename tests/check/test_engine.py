"""The engine: kinds of repos, what fails closed, waivers, grace dates, fingerprints."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gleis.check import catalogue, engine, rule
from gleis.check.rule import RuleSpec
from gleis.errors import ToolMissing
from gleis.findings import Severity

ROOT = Path(__file__).parents[2]
QUICK = ("SOP-001", "SOP-002", "SOP-003", "SOP-004", "SOP-007", "SOP-008", "SOP-009", "SOP-010")

WAIVER = """apiVersion: gleis/v1
kind: Waivers
waivers:
  - rule: SOP-003
    path: {path}
    owner: drivetrain-ml@example.com
    approver: ml-platform@example.com
    ticket: ML-1
    reason: the action has no release yet, one is promised
    created: 2026-11-01
    expires: {expires}
"""
CI = """on: [push]
jobs:
  test:
    runs-on: x
    steps:
      - uses: actions/checkout@main
"""


def _break_sop_003(project) -> None:
    (project / ".github/workflows/ci.yml").write_text(CI)


def _waive(project, path=".github/workflows/ci.yml", expires="2026-11-30") -> None:
    (project / "waivers.yaml").write_text(WAIVER.format(path=path, expires=expires))


def _replace_rule(monkeypatch, name, check, inputs=()):
    spec = rule.load()[name]
    monkeypatch.setitem(rule.RULES, name, RuleSpec(name, check, spec.applies, inputs, spec.module))


def test_a_folder_without_a_contract_is_refused(tmp_path, check):
    with pytest.raises(engine.CheckRefused, match=r"has no project\.yaml") as caught:
        check(tmp_path)
    assert caught.value.exit_code == 2


def test_what_is_no_folder_is_refused(tmp_path, check):
    with pytest.raises(engine.CheckRefused, match="is not a folder"):
        check(tmp_path / "nowhere")


def test_an_unknown_sop_is_refused_with_a_guess(project, check):
    with pytest.raises(engine.CheckRefused, match='Did you mean "SOP-003"'):
        check(project, "SOP-0003")


def test_the_platform_repo_is_held_against_what_applies_to_it(tmp_path):
    (tmp_path / "copier.yml").touch()
    (tmp_path / "platform.yaml").touch()

    assert engine.kind_of(tmp_path) is rule.Kind.PLATFORM
    applying = {name for name, spec in rule.load().items() if rule.Kind.PLATFORM in spec.applies}
    assert applying == {"SOP-003", "SOP-004", "SOP-006"}


def test_the_platform_repo_keeps_its_own_sops():
    report = engine.check(ROOT, today=date(2026, 11, 23))

    assert report.failing == ()
    assert len(report.rules) == 3


def test_a_rule_that_raises_is_one_finding_and_the_others_go_on(project, check, monkeypatch):
    def broken():
        raise ZeroDivisionError("by zero")
        yield

    _replace_rule(monkeypatch, "SOP-002", broken)
    _break_sop_003(project)

    report = check(project, "SOP-002", "SOP-003")

    said = [(f.rule, f.message) for f in report.findings]
    assert said[0] == (
        "SOP-003",
        "actions/checkout@main is not pinned to a commit: what runs may change without a review",
    )
    assert said[1] == (
        "SOP-002",
        "could not be checked: the check itself failed (ZeroDivisionError: by zero)",
    )
    assert report.exit_code == 1


def test_a_missing_tool_is_a_finding_and_exit_code_3(project, check, monkeypatch):
    def ensure(*args, **kwargs):
        raise ToolMissing("uv was not found")

    monkeypatch.setattr("gleis.check.runners.environment.ensure", ensure)

    report = check(project, "SOP-005", "SOP-006")

    assert [f.message for f in report.findings] == ["could not be checked: uv was not found"] * 2
    assert report.missing == ("uv was not found",)
    assert report.exit_code == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: path.mkdir(),
        lambda path: path.write_text("a: &a [x]\nb: *a\n"),
        lambda path: path.write_text("[" * 5000),
        lambda path: path.write_text("a" * 3_000_000),
    ],
    ids=["bytes", "fifo", "link", "folder", "alias", "depth", "size"],
)
@pytest.mark.parametrize(
    "name",
    [
        "project.yaml",
        "data-contract.yaml",
        "pyproject.toml",
        "requirements.lock",
        ".github/CODEOWNERS",
        ".github/workflows/ci.yml",
        "docs/model-card.md",
        "waivers.yaml",
    ],
)
def test_a_hostile_file_is_a_finding_and_never_a_crash(project, check, name, spoil):
    path = project / name
    path.unlink(missing_ok=True)
    spoil(path)

    report = check(project, *QUICK)

    is_no_workflow = path.is_dir() and path.parent.name == "workflows"
    assert report.exit_code == (0 if is_no_workflow else 1)
    assert all("the check itself failed" not in finding.message for finding in report.findings)


def test_ten_planted_faults_are_exactly_ten_findings(project, check):
    def spoil(name, old, new):
        text = (project / name).read_text()
        assert old in text
        (project / name).write_text(text.replace(old, new, 1))

    spoil("project.yaml", "CC-4711", "CC-4720")
    spoil(".github/CODEOWNERS", "*              @example-org/drivetrain", "* @example-org/vision")
    _break_sop_003(project)
    spoil("requirements.lock", f" \\\n    --hash=sha256:{'a1' * 32}\nscikit", "\nscikit")
    spoil("Dockerfile", "USER 10001:10001", "USER root")
    (project / "settings.py").write_text('KEY = "AKIA' + '2E0A8F3B244C9986"\n')
    spoil("data-contract.yaml", "worn: {dtype: str}", "worn: {}")
    spoil("docs/model-card.md", "Weak on", "TODO")
    spoil("project.yaml", "floor: 0.85", "floor: 0.75")
    spoil("pyproject.toml", "license =", "# license =")

    report = check(project)

    assert [f.rule for f in sorted(report.findings, key=lambda f: f.rule)] == [
        f"SOP-{number:03}" for number in range(1, 11)
    ]


def test_a_waived_finding_does_not_fail(project, check):
    _break_sop_003(project)
    _waive(project)

    report = check(project, "SOP-003")

    (finding,) = report.findings
    assert finding.waiver is not None
    assert finding.waiver.approver == "ml-platform@example.com"
    assert report.exit_code == 0


def test_the_day_after_its_end_a_waiver_waives_nothing(project, check):
    _break_sop_003(project)
    _waive(project, expires="2026-11-22")

    report = check(project, "SOP-003", today=date(2026, 11, 23))

    (finding,) = report.findings
    assert "does not hold: it expired on 2026-11-22" in finding.message
    assert report.exit_code == 1
    assert check(project, "SOP-003", today=date(2026, 11, 22)).exit_code == 0


def test_a_waiver_that_nothing_needs_is_a_finding_of_its_own(project, check):
    _waive(project)

    (finding,) = check(project, "SOP-003").findings

    assert (finding.rule, finding.place) == ("waiver-unused", "waivers.yaml:4")
    assert finding.fails


def test_a_waiver_for_a_rule_that_did_not_run_is_not_called_unused(project, check):
    _waive(project)

    assert check(project, "SOP-008").findings == ()


def test_a_waivers_file_that_is_malformed_waives_nothing(project, check):
    _break_sop_003(project)
    _waive(project)
    path = project / "waivers.yaml"
    path.write_text(path.read_text().replace("approver:", "aprover:"))

    report = check(project, "SOP-003")

    assert {f.rule for f in report.findings} == {"SOP-003", "waiver-malformed"}
    assert report.exit_code == 1


def test_until_its_grace_date_a_finding_only_informs(project, check, monkeypatch):
    pages = catalogue.load()
    pages["SOP-003"] = replace(pages["SOP-003"], grace=date(2026, 12, 31))
    monkeypatch.setattr(catalogue, "load", lambda: pages)
    _break_sop_003(project)

    (finding,) = check(project, "SOP-003", today=date(2026, 12, 31)).findings
    assert finding.severity is Severity.INFO
    assert finding.message.endswith("(fails after 2026-12-31)")
    assert check(project, "SOP-003", today=date(2026, 12, 31)).exit_code == 0
    assert check(project, "SOP-003", today=date(2027, 1, 1)).exit_code == 1


def test_a_fingerprint_survives_line_moves_and_tells_twins_apart(project, check):
    _break_sop_003(project)
    path = project / ".github/workflows/ci.yml"
    (before,) = check(project, "SOP-003").findings
    path.write_text("# a line above\n\n" + path.read_text().replace("- uses", "-   uses"))
    path.write_text(path.read_text() + "      - uses: actions/checkout@main\n")

    first, second = check(project, "SOP-003").findings

    assert first.line == before.line + 2
    assert first.fingerprint == before.fingerprint
    assert second.fingerprint not in (first.fingerprint, "")


def test_a_file_name_that_is_not_utf_8_can_be_told(project, check):
    name = os.fsdecode(b"Jenkinsfile.\xff\n")
    (project / name).write_text("@Library('x@main') _")

    (finding,) = check(project, "SOP-003").findings

    assert finding.file == "Jenkinsfile.\\xff\n"


def test_every_finding_has_something_to_do(project, check):
    for path in ("project.yaml", "pyproject.toml", "docs/model-card.md"):
        (project / path).write_text("x = [")

    for finding in check(project, *QUICK).findings:
        assert finding.remediation
        assert finding.fingerprint
