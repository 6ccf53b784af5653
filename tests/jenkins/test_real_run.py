"""`mlPipeline` with `sh` really executing, in a fresh repo: evidence and image are `gleis run`'s.

Every agent gets a clone of its own, stashes are files, `gleis` comes through `uvx` from a wheel.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import (
    Repo,
    fresh_repo,
    git,
    no_tracking_server,
    platform_clone,
    rig,
    storage,
)
from tests.e2e.organisation import ADDRESS, Rig, Site, site, tracking_store
from tests.jenkins.conftest import SHA, Play

from gleis.pipeline.graph import Graph
from gleis.tools import catalogue

__all__ = ["fresh_repo", "no_tracking_server", "platform_clone", "rig", "storage"]

TOOLS = ("groovy", "buildah", "docker-registry", "debootstrap")
pytestmark = [pytest.mark.real, *(pytest.mark.needs(tool) for tool in TOOLS)]

ENVIRONMENT = "dev"
# The jobs of the graph, each with the name that Jenkins' stage has, under which evidence is kept.
JOBS = {"verify": "verify", "train": "train", "package": "package", "deliver": "deliver dev"}
TIMES = ("deploy", "smoke", "promote")  # what these measure is how long it took


def stages(graph: Graph) -> list[str]:
    return [stage.id for job in JOBS for stage in graph.stages_of(job)]


@dataclass(frozen=True)
class Delivered:
    """What one way of running the pipeline left: evidence by stage, the digest, its own site."""

    evidence: dict[str, Any]
    digest: str
    site: Site


@pytest.fixture(scope="module")
def source(fresh_repo: Repo, rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A fresh repo on `main` that builds on this machine's base. Do not change it: clone it."""
    repo = Repo(tmp_path_factory.mktemp("source") / "tumour-screening")
    shutil.copytree(fresh_repo.path, repo.path, symlinks=True)
    repo.edit("Dockerfile", rig.pinned, rig.digest)
    git(repo.path, "commit", "--quiet", "--all", "--message", "Build on the base of this machine")
    git(repo.path, "branch", "--move", "--force", "main")
    return repo


def onboarded(repo: Repo, rig: Rig, folder: Path) -> Site:
    """A site in `folder` that has `repo` as a tenant."""
    made = site(rig, folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environ.items():
            patch.setenv(name, value)
        done = repo.gleis("tenant", "add", ".", "--repository", ADDRESS)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def by_hand(
    source: Repo, rig: Rig, graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> Delivered:
    """Plain `gleis run` in a clone."""
    folder = tmp_path_factory.mktemp("by-hand")
    repo = Repo(folder / "repo")
    git(folder, "clone", "--quiet", str(source.path), str(repo.path))
    mine = onboarded(source, rig, folder / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        for name, value in mine.environ.items():
            patch.setenv(name, value)
        argv = ("run", "--json", "--event", "main", "--environment", ENVIRONMENT)
        done = repo.gleis(*argv, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {each["stage"] for each in json.loads(done.stdout)["stages"]} == set(stages(graph))
    found = json.loads((repo.path / ".gleis" / "out" / "publication.json").read_text())
    return Delivered({name: repo.evidence(name) for name in stages(graph)}, found["digest"], mine)


@pytest.fixture(scope="module")
def by_jenkins(
    source: Repo, rig: Rig, graph: Graph, play: Play, wheel: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Delivered:  # fmt: skip
    """A build of `main`, each of its agents with a workspace of its own."""
    folder = tmp_path_factory.mktemp("jenkins")
    (folder / "token").write_text("e30.e30.")
    programs = catalogue.require("uv").parent
    assert (programs / "uvx").exists()
    theirs = onboarded(source, rig, folder / "site")
    scenario = {
        "name": "real",
        "config": {"gleis": SHA, "environments": [ENVIRONMENT]},
        "env": {
            "JOB_NAME": "gleis/drivetrain/tumour-screening/main",
            "BRANCH_NAME": "main",
            "GLEIS_SOURCE": str(wheel),
            "MLFLOW_TRACKING_URI": tracking_store(source.path, folder / "tracking"),
            "PATH": f"{programs}:{os.environ['PATH']}",
            **theirs.environ,
        },
        "credentials": {
            "gleis-oidc": {"kind": "file", "value": str(folder / "token")},
            # The state is a folder here, which asks for no token.
            "GLEIS_GITOPS_TOKEN": {"kind": "string", "value": "unused"},
        },
        "real": {
            "repo": str(source.path),
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
    archive = folder / "archive" / ".gleis" / "ci"
    evidence = {
        stage.id: json.loads((archive / name / f"{stage.id}.json").read_text())["predicate"]
        for job, name in JOBS.items()
        for stage in graph.stages_of(job)
    }
    stash = folder / "stash-package" / ".gleis" / "out" / "publication.json"
    return Delivered(evidence, json.loads(stash.read_text())["digest"], theirs)


def test_the_evidence_is_that_of_gleis_run(
    by_hand: Delivered, by_jenkins: Delivered, graph: Graph
) -> None:
    for stage in stages(graph):
        mine, theirs = by_hand.evidence[stage], by_jenkins.evidence[stage]
        for key in ("stage", "job", "environment", "verdict", "reason", "parameters", "findings"):
            assert theirs[key] == mine[key], (stage, key)
        assert theirs["source"]["commit"] == mine["source"]["commit"] is not None
        assert theirs["source"]["dirty"] is mine["source"]["dirty"] is False
        assert theirs["verdict"] == "passed"
        if stage in TIMES:
            continue
        assert numbers(theirs["metrics"]) == pytest.approx(numbers(mine["metrics"]), abs=1e-9)
        made = {entry["name"]: entry["digest"] for entry in theirs["inputs"]}
        assert set(made) == {entry["name"] for entry in mine["inputs"]}
        for entry in mine["inputs"]:
            if not entry["name"].startswith(".gleis/"):
                assert made[entry["name"]] == entry["digest"], (stage, entry["name"])
    assert len(numbers(by_hand.evidence["evaluate"]["metrics"])) > 1


def test_the_data_is_the_same_to_the_last_byte(by_hand: Delivered, by_jenkins: Delivered) -> None:
    read = {entry["name"]: entry["digest"] for entry in by_hand.evidence["train"]["inputs"]}
    theirs = by_jenkins.evidence["train"]["inputs"]
    data = {entry["name"]: entry["digest"] for entry in theirs if "/data/" in entry["name"]}
    assert len(data) == 2
    assert data.items() <= read.items()


def test_the_image_that_is_delivered_is_the_same(by_hand: Delivered, by_jenkins: Delivered) -> None:
    assert by_jenkins.digest == by_hand.digest
    assert by_hand.digest in by_hand.site.release(ENVIRONMENT)
    assert by_jenkins.digest in by_jenkins.site.release(ENVIRONMENT)


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
