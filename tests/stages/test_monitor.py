"""`monitor`: what it measured reaches Prometheus, and what cannot be reached costs nothing."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gleis.contract import platform, project
from gleis.pipeline import drift_score, graph
from gleis.pipeline.stage import OUT, Context
from gleis.pipeline.worker import Answer
from gleis.stages import monitor
from gleis.tools import catalogue

REPO = Path(__file__).parent.parent.parent
NAMESPACE = "drivetrain-bearing-wear-prod"
COLUMNS = [
    {"name": "load", "psi": 0.31, "ks": 0.4, "p": 0.0, "drifted": True},
    {"name": 'a "b"\\c', "psi": 0.01, "ks": None, "p": None, "drifted": False},
    {"name": "lost", "psi": None, "ks": None, "p": None, "drifted": True},
    {"name": "never", "psi": None, "ks": None, "p": None, "drifted": False},
]


class Worker:
    """The project's environment, which has a champion and compares."""

    def call(self, _file: str, function: str, _arguments: Any, **_: Any) -> Answer:
        if function == "champion":
            return Answer(0, {"version": "7"})
        return Answer(0, {"columns": COLUMNS, "drifted": True, "rows": {}})


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def context(tmp_path: Path, said: list[str]) -> Context:
    """A project with a champion and a window of what it sees."""
    shutil.copy(REPO / "tests/check/fixtures/base/project.yaml", tmp_path)
    out = tmp_path / OUT
    for name in ("data", "monitor/champion"):
        (out / name).mkdir(parents=True)
    (out / "data/train.parquet").touch()
    (out / "data/data.json").write_text(json.dumps({"sha256": "a"}))
    (out / "monitor/champion/model.json").write_text(json.dumps({"data_sha256": "a"}))
    window = tmp_path / monitor.WINDOW
    window.parent.mkdir(parents=True)
    window.touch()
    organisation = platform.load(REPO / "platform.yaml")
    return Context(
        tmp_path, project.load(tmp_path, organisation), organisation,
        graph.load().stage("monitor"), "prod", tmp_path / "monitor.log",
        said.append, Worker, Worker, Worker,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    """A real Pushgateway on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        # Debian's keeps what it was pushed, for its next start, where it is not told otherwise.
        [
            catalogue.require("pushgateway"), f"--web.listen-address={address}",
            "--persistence.file=",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and server.poll() is None:
            try:
                read(f"http://{address}/-/ready")
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(20)


def read(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return str(answer.read().decode())


def shown(gateway: str) -> dict[str, str]:
    """Column => value, of what the gateway would let Prometheus scrape."""
    lines = [
        line for line in read(f"{gateway}/metrics").splitlines()
        if line.startswith(drift_score.NAME + "{")
    ]  # fmt: skip
    whose = ('model="bearing-wear"', f'namespace="{NAMESPACE}"')
    assert all(label in line for label in whose for line in lines)
    return {line.partition('column="')[2].partition('",')[0]: line.split()[-1] for line in lines}


@pytest.mark.real
@pytest.mark.needs("pushgateway")
def test_each_column_reaches_prometheus_under_the_name_that_the_alert_asks_for(
    context: Context, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(drift_score.VARIABLE, f"{gateway}/")
    context = named(context)

    assert monitor.run(context).verdict == "failed"  # the world moved; that is told all the same
    assert shown(gateway) == {"load": "0.31", r"a \"b\"\\c": "0.01", "lost": "+Inf", "never": "0"}

    chart = REPO / "argocd" / "charts" / "model-service" / "templates" / "_rules.tpl"
    assert f"max({drift_score.NAME}{{%s}})" in chart.read_text()


@pytest.mark.real
@pytest.mark.needs("pushgateway")
def test_a_column_that_is_gone_is_gone_from_prometheus(gateway: str) -> None:
    def push(*columns: Any) -> str:
        return drift_score.push(gateway, NAMESPACE, "bearing-wear", drift_score.text(columns, "7"))

    assert push(*COLUMNS) == push(COLUMNS[0]) == ""
    assert shown(gateway) == {"load": "0.31"}


@pytest.mark.real
@pytest.mark.needs("pushgateway")
def test_a_gateway_that_refuses_says_why(gateway: str) -> None:
    assert "400" in drift_score.push(gateway, NAMESPACE, "bearing-wear", "no metric at all {\n")


def test_a_gateway_that_is_away_is_told_and_changes_no_verdict(
    context: Context, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = monitor.run(context)
    assert said == []

    monkeypatch.setenv(drift_score.VARIABLE, "http://127.0.0.1:1")
    assert monitor.run(context) == quiet
    (line,) = said
    assert line.startswith("the drift did not reach the Pushgateway in GLEIS_PUSHGATEWAY: ")


def named(context: Context) -> Context:
    """The project, called as `shown` expects it."""
    metadata = replace(context.project.metadata, name="bearing-wear")
    return replace(context, project=replace(context.project, metadata=metadata))
