"""The Jenkinsfile of a repo made from the template calls the pipeline that is tested here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Repo, git, make, no_tracking_server, platform_clone
from tests.jenkins.conftest import Play
from tests.jenkins.test_pipeline import GOLDEN, OCCASIONS, scenario

from gleis.pipeline.graph import Graph

__all__ = ["no_tracking_server", "platform_clone"]


@pytest.fixture(scope="module")
def repo(platform_clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    path = tmp_path_factory.mktemp("caller") / "bearing-wear"
    return make(platform_clone, path, name="bearing-wear", ci=["jenkins"])


def test_one_commit_is_named_twice_for_library_and_command(
    repo: Repo, platform_clone: Path
) -> None:
    text = (repo.path / "Jenkinsfile").read_text()
    assert len(text.splitlines()) <= 20
    commit = git(platform_clone, "rev-parse", "HEAD").strip()
    assert re.findall(r"@Library\('gleis@(\w+)'\) _", text) == [commit]
    assert re.findall(r"gleis: '(\w+)'", text) == [commit]


@pytest.mark.real
@pytest.mark.needs("groovy")
@pytest.mark.parametrize("event", ["pull-request", "main"])
def test_the_repos_own_jenkinsfile_does_what_is_recorded(
    repo: Repo, platform_clone: Path, graph: Graph, play: Play, event: str
) -> None:
    said: dict[str, Any] = OCCASIONS[event]
    file = str(repo.path / "Jenkinsfile")
    record = play([scenario(graph, event, said, jenkinsfile=file, config=None)])[event]
    commit = git(platform_clone, "rev-parse", "HEAD").strip()
    golden = (GOLDEN / f"{event}.txt").read_text().splitlines()
    assert record["failure"] is None
    assert [neutral(line) for line in record["lines"]] == [neutral(line) for line in golden[:-1]]
    assert any(line.endswith(f"GLEIS_SOURCE={source(commit)}") for line in record["lines"])


def source(commit: str) -> str:
    return f"git+https://github.com/example-org/gleis@{commit}"


def neutral(line: str) -> str:
    """Without the commit, and with the GPUs that the default answers ask for: none."""
    return re.sub(r"@[0-9a-f]{40}$", "@", line).replace("gpus=2", "gpus=0")
