"""Every SOP is kept by its pass fixtures and broken, exactly so, by its fail fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.findings import Finding

FIXTURES = Path(__file__).parent / "fixtures"
FOLDERS = sorted(FIXTURES.glob("SOP-*/*/"))
PASS = [folder for folder in FOLDERS if folder.name.startswith("pass-")]
FAIL = [folder for folder in FOLDERS if folder.name.startswith("fail-")]


@pytest.fixture(autouse=True)
def _one_run_of_checkov(monkeypatch, request):
    folder = getattr(request.node, "callspec", None) and request.node.callspec.params["folder"]
    if folder and folder.parent.name == "SOP-005":
        run = request.getfixturevalue("checkov_once")
        monkeypatch.setattr("gleis.check.runners.checkov.run", run)


def _name(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def _expected(folder: Path) -> list[tuple[str, str, str]]:
    lines = (folder / "EXPECT").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(" ", 2)) for line in lines]


def _is(finding: Finding, expected: tuple[str, str, str]) -> bool:
    rule, place, words = expected
    return (finding.rule, finding.place) == (rule, place) and words in finding.message


@pytest.mark.usefixtures("check_environment")
@pytest.mark.parametrize("folder", PASS, ids=_name)
def test_a_pass_fixture_has_no_finding(folder, tmp_path, lay_out, check):
    report = check(lay_out(folder, tmp_path / "project"), folder.parent.name)

    assert report.findings == ()
    assert report.exit_code == 0


@pytest.mark.usefixtures("check_environment")
@pytest.mark.parametrize("folder", FAIL, ids=_name)
def test_a_fail_fixture_has_exactly_the_findings_it_expects(folder, tmp_path, lay_out, check):
    expected = _expected(folder)

    report = check(lay_out(folder, tmp_path / "project"), folder.parent.name)

    said = "\n".join(f"{f.rule} {f.place} {f.message}" for f in report.findings)
    assert len(report.findings) == len(expected), said
    for each in expected:
        assert any(_is(finding, each) for finding in report.findings), f"{each} not in:\n{said}"
    assert report.exit_code == 1


@pytest.mark.usefixtures("check_environment")
def test_the_base_keeps_every_sop(project, check):
    report = check(project)

    assert report.findings == ()
    assert len(report.rules) == len({folder.parent.name for folder in FOLDERS})
