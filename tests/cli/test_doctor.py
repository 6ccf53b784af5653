"""gleis doctor: the table of outside tools, and an exit code that can be trusted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from gleis.cli import doctor
from gleis.tools.catalogue import State, Status, Tool

REQUIRED = Tool("git", "versions", ("gleis run",), {"debian": "apt-get install git"}, "2.38",
                required=True)  # fmt: skip
OPTIONAL = Tool("chromium", "the report", ("./dev test",), {"debian": "apt-get install chromium"})


def found(tool: Tool, state: State, version: str = "") -> Status:
    return Status(tool, state, None if state == "missing" else Path("/bin") / tool.name, version)


def run(monkeypatch: pytest.MonkeyPatch, *statuses: Status, as_json: bool = False) -> int:
    known = {one.tool.name: one for one in statuses}
    monkeypatch.setattr(doctor, "TOOLS", tuple(one.tool for one in statuses))
    monkeypatch.setattr(doctor, "status", lambda tool: known[tool.name])
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    return doctor.run(parser.parse_args(["--json"] if as_json else []))


def test_all_there_is_exit_code_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(monkeypatch, found(REQUIRED, "ok", "2.39.5"), found(OPTIONAL, "ok", "140.0"))

    assert code == 0
    out = capsys.readouterr().out
    assert "2.39.5 (>= 2.38)" in out
    assert out.rstrip().endswith("every required tool is usable")


@pytest.mark.parametrize("state", ["missing", "too old", "broken"])
def test_a_required_tool_that_cannot_be_used_is_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state: State
) -> None:
    code = run(monkeypatch, found(REQUIRED, state))

    assert code == 3
    out = capsys.readouterr().out
    assert state in out
    assert "apt-get install git" in out
    assert "required and not usable: git" in out


def test_an_optional_tool_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(monkeypatch, found(REQUIRED, "ok", "2.39"), found(OPTIONAL, "missing"))

    assert code == 0
    out = capsys.readouterr().out
    assert "missing (optional)" in out
    assert "optional ones that are not: chromium" in out


def test_json_says_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        monkeypatch, found(REQUIRED, "too old", "2.30"), found(OPTIONAL, "missing"), as_json=True
    )

    told = json.loads(capsys.readouterr().out)
    assert code == 3
    assert told["ok"] is False
    assert [(tool["name"], tool["state"], tool["required"]) for tool in told["tools"]] == [
        ("git", "too old", True),
        ("chromium", "missing", False),
    ]
    assert told["tools"][0]["neededBy"] == ["gleis run"]


def test_this_machine_has_what_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(argparse.Namespace(json=True)) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
