"""The graph as it is, and a Groovy that runs the pipeline outside of Jenkins."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gleis.contract import platform
from gleis.contract.platform import Platform
from gleis.pipeline import graph as graphs
from gleis.pipeline.ci import jenkins
from gleis.pipeline.graph import Graph
from gleis.tools import catalogue, process

REPO = Path(__file__).parent.parent.parent
LIBRARY = REPO / "jenkins"
RECORDER = LIBRARY / "test" / "record.groovy"
SHA = "0123456789abcdef0123456789abcdef01234567"
Play = Callable[[Sequence[dict[str, Any]]], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def graph() -> Graph:
    return graphs.load()


@pytest.fixture(scope="session")
def organisation() -> Platform:
    return platform.load()


@pytest.fixture(scope="session")
def files(graph: Graph, organisation: Platform) -> dict[str, str]:
    return jenkins.render(graph, organisation)


def java_home() -> str:
    """A Java for Groovy 2.4, which cannot read the classes of versions after 17."""
    homes = sorted(Path("/usr/lib/jvm").glob("java-*"), key=lambda home: home.name)
    fitting = [
        str(home)
        for home in homes
        if (version := re.match(r"java-(?:1\.)?(\d+)", home.name)) and int(version[1]) <= 17
    ]
    return fitting[-1] if fitting else os.environ.get("JAVA_HOME", "")


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Run `mlPipeline` once for each scenario, in one Java; what each of them did."""

    def played(scenarios: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        folder = tmp_path_factory.mktemp("groovy")
        (folder / "scenarios.json").write_text(json.dumps(scenarios))
        argv: list[str | Path] = [catalogue.require("groovy"), "-c", "UTF-8", RECORDER, LIBRARY]
        argv += [folder / "scenarios.json", folder / "results.json"]
        env = process.clean_env(JAVA_HOME=java_home(), JAVA_OPTS="-Dfile.encoding=UTF-8")
        process.run(argv, timeout=600, cwd=folder, env=env, check=True)
        found: dict[str, dict[str, Any]] = json.loads((folder / "results.json").read_text())
        return found

    return played
