"""`mlPipeline` with `sh` really executing, in a repo just made: the evidence is `gleis run`'s.

Every agent gets a clone of its own, stashes are files, `gleis` comes through `uvx` from a wheel.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Repo, fresh_repo, no_tracking_server, platform_clone
from tests.jenkins.conftest import SHA, Play

from gleis.pipeline.graph import Graph
from gleis.tools import catalogue

__all__ = ["fresh_repo", "no_tracking_server", "platform_clone"]

pytestmark = [pytest.mark.real, pytest.mark.needs("groovy")]

# `local` is no environment that anything is packaged for or delivered to: verify and train alone.
ENVIRONMENT = "local"
JOBS = ("verify", "train")


def stages(graph: Graph) -> list[str]:
    return [stage.id for job in JOBS for stage in graph.stages_of(job)]


@pytest.fixture(scope="module")
def by_hand(
    fresh_repo: Repo, graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The evidence of plain `gleis run`, by stage."""
    repo = Repo(tmp_path_factory.mktemp("by-hand") / "repo")
    shutil.copytree(fresh_repo.path, repo.path, symlinks=True)
    asked = [word for stage in stages(graph) for word in ("--stage", stage)]
    repo.run("--event", "main", "--environment", ENVIRONMENT, *asked)
    return {stage: repo.evidence(stage) for stage in stages(graph)}


@pytest.fixture(scope="module")
def by_jenkins(
    fresh_repo: Repo, play: Play, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The archive of a build of `main`."""
    folder = tmp_path_factory.mktemp("jenkins")
    (folder / "token").write_text("e30.e30.")
    programs = catalogue.require("uv").parent
    assert (programs / "uvx").exists()
    scenario = {
        "name": "real",
        "config": {"gleis": SHA, "environments": [ENVIRONMENT]},
        "env": {
            "JOB_NAME": "gleis/drivetrain/tumour-screening/main",
            "BRANCH_NAME": "main",
            "GLEIS_SOURCE": str(wheel),
            "PATH": f"{programs}:{os.environ['PATH']}",
        },
        "credentials": {"gleis-oidc": {"kind": "file", "value": str(folder / "token")}},
        "real": {
            "repo": str(fresh_repo.path),
            "workspaces": str(folder),
            "log": str(folder / "log.txt"),
        },
    }
    record = play([scenario])["real"]
    log = folder / "log.txt"
    assert record["result"] == "SUCCESS", (
        record["failure"],
        log.read_text()[-3000:] if log.exists() else "",
    )
    return folder / "archive" / ".gleis" / "ci"


def test_the_evidence_is_that_of_gleis_run(
    by_hand: dict[str, Any], by_jenkins: Path, graph: Graph
) -> None:
    for stage in stages(graph):
        mine = by_hand[stage]
        theirs = json.loads((by_jenkins / str(mine["job"]) / f"{stage}.json").read_text())[
            "predicate"
        ]
        for key in ("stage", "job", "environment", "verdict", "reason", "parameters", "findings"):
            assert theirs[key] == mine[key], (stage, key)
        assert theirs["source"]["commit"] == mine["source"]["commit"] is not None
        assert theirs["source"]["dirty"] is mine["source"]["dirty"] is False
        assert theirs["verdict"] == "passed"
        assert numbers(theirs["metrics"]) == pytest.approx(numbers(mine["metrics"]), abs=1e-9)
        made = {entry["name"]: entry["digest"] for entry in theirs["inputs"]}
        assert set(made) == {entry["name"] for entry in mine["inputs"]}
        for entry in mine["inputs"]:
            if not entry["name"].startswith(".gleis/"):
                assert made[entry["name"]] == entry["digest"], (stage, entry["name"])
    assert len(numbers(by_hand["evaluate"]["metrics"])) > 1


def test_the_data_is_the_same_to_the_last_byte(by_hand: dict[str, Any], by_jenkins: Path) -> None:
    read = {entry["name"]: entry["digest"] for entry in by_hand["train"]["inputs"]}
    theirs = json.loads((by_jenkins / "train" / "train.json").read_text())["predicate"]["inputs"]
    data = {entry["name"]: entry["digest"] for entry in theirs if "/data/" in entry["name"]}
    assert len(data) == 2
    assert data.items() <= read.items()


def numbers(found: Any, name: str = "") -> dict[str, float]:
    """Every number in nested metrics, by its path."""
    if isinstance(found, dict):
        parts = [numbers(value, f"{name}.{key}") for key, value in found.items()]
        return {key: value for part in parts for key, value in part.items()}
    if isinstance(found, list):
        return numbers(dict(enumerate(found)), name)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return {name: float(found)}
    return {}
