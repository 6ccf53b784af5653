"""`gleis run` asks the build that it is part of for the event; a given one counts more."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from gleis.cli import main
from gleis.pipeline import graph, live

CONTRACT = Path(__file__).resolve().parents[1] / "contract"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(CONTRACT / "valid" / "sklearn-online.yaml", tmp_path / "project.yaml")
    shutil.copy(CONTRACT / "data-contract.yaml", tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *argv: str) -> set[str]:
    assert main(["run", "--dry-run", "--json", *argv]) == 0
    return {each["stage"] for each in json.loads(capsys.readouterr().out)}


def test_a_laptop_does_what_a_person_asks_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {"register", "promote"} <= planned(capsys, str(project))
    assert "monitor" not in planned(capsys, str(project))


def test_a_pull_request_on_github_registers_nothing_unless_an_event_is_given(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")

    proposed = planned(capsys, str(project))
    asked_for = planned(capsys, "--event", "main", str(project))

    assert {"lint", "train", "evaluate"} <= proposed
    assert not proposed & {"register", "image", "deploy", "promote"}
    assert {"register", "promote"} <= asked_for


def test_no_table_is_painted_for_a_ci_system_that_pretends_to_be_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    loaded = graph.load()
    with live.display(loaded, ["lint"], live=False) as plain:
        assert type(plain).__name__ == "_Lines"
    with live.display(loaded, ["lint"]) as painted:
        assert type(painted).__name__ == "_Table"
