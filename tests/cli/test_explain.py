"""`gleis explain`: what it says is what runs, and each line that it names says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gleis.cli import main
from gleis.pipeline import graph

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "tests" / "contract"
GRAPH = graph.load(ROOT / "ci" / "pipeline.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(CONTRACT / "valid" / "sklearn-online.yaml", tmp_path / "project.yaml")
    shutil.copy(CONTRACT / "data-contract.yaml", tmp_path)
    return tmp_path


def explained(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert main(["explain", "stage", *argv, "--json"]) == 0
    said: dict[str, object] = json.loads(capsys.readouterr().out)
    return said


def line(root: Path, source: str) -> str:
    name, _, number = source.partition(":")
    return (root / name).read_text().splitlines()[int(number) - 1].strip()


@pytest.mark.parametrize("stage", GRAPH.stages)
def test_every_stage_is_explained_and_every_place_that_is_named_says_it(
    stage: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(capsys, stage, str(project))

    assert line(ROOT, said["source"]) == f"{stage}:"
    keys = {
        "job": "job:",
        "needs": "needs:",
        "reads": "inputs:",
        "writes": "outputs:",
        "retries": "retries:",
        "environment": "runsIn:",
        "runner": "runner:",
        "approval": "approval:",
        "one at a time": "concurrency:",
    }
    facts = {fact["name"]: fact for fact in said["facts"]}
    for name, key in keys.items():
        if facts[name]["source"] != "default":
            assert line(ROOT, facts[name]["source"]).startswith(key), name
    assert facts["reads"]["value"] == list(GRAPH.stages[stage].inputs)
    assert facts["writes"]["value"] == list(GRAPH.stages[stage].outputs)
    assert all(need in said["runs"] for need in GRAPH.stages[stage].needs)


def test_a_setting_of_the_project_is_shown_with_its_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(capsys, "train", str(project))
    facts = {fact["name"]: fact for fact in said["facts"]}
    assert line(project, facts["timeout"]["source"]).startswith("maxHours:")
    assert facts["timeout"]["value"].startswith("126 min")
    assert line(project, facts["reads model.framework"]["source"]).startswith("framework:")
    assert facts["reads model.framework"]["value"] == "sklearn"


def test_a_condition_that_the_project_does_not_meet_is_said(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "so it applies" in str(explained(capsys, "smoke", str(project))["runs"])
    text = (project / "project.yaml").read_text()
    head, _, _ = text.partition("serving:")
    tail = text[text.index("delivery:") :]
    (project / "project.yaml").write_text(f"{head}serving:\n  mode: none\n{tail}")
    assert "never applies" in str(explained(capsys, "smoke", str(project))["runs"])


def test_the_table_has_the_same_words(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(capsys, "deploy", str(project))
    assert main(["explain", "stage", "deploy", str(project)]) == 0
    shown = capsys.readouterr().out
    assert said["runs"] in shown
    for fact in said["facts"]:
        assert fact["name"] in shown
        assert fact["source"] in shown


def test_an_unknown_stage_is_answered_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "stage", "trian"]) == 2
    assert 'Did you mean "train"?' in capsys.readouterr().err


def test_a_folder_that_is_no_project_is_refused_when_it_was_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "stage", "train", str(tmp_path)]) == 2
    assert "project.yaml is missing" in capsys.readouterr().err


def test_a_stage_that_asks_the_world_is_said_to_run_every_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "stage", "scan"]) == 0
    assert "again every time" in capsys.readouterr().out
    assert main(["explain", "stage", "train"]) == 0
    assert "not again unless something changed" in capsys.readouterr().out
