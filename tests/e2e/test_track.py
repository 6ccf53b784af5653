"""The whole track on one machine: copy, run, check, serve, report; and all that goes wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from .conftest import Repo, git, make

EARLIER = ("data-check",)


def wait_for_training(repo: Repo, process: subprocess.Popen[str]) -> None:
    """Return as soon as `train` has begun."""
    deadline = time.monotonic() + 120
    while not (repo.path / ".gleis/run/train.log").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers(repo: Repo) -> list[str]:
    """Command lines of processes that work in the repo."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == repo.path:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_until_gone(repo: Repo, seconds: float = 10) -> list[str]:
    deadline = time.monotonic() + seconds
    while workers(repo) and time.monotonic() < deadline:
        time.sleep(0.05)
    return workers(repo)


# --- what is promised --------------------------------------------------------------------------


def test_a_green_run_ends_with_a_served_and_promoted_model(green_repo: Repo) -> None:
    assert green_repo.registered() == ["1*"]
    smoke = green_repo.evidence("smoke")["details"]
    assert isinstance(smoke, dict)
    assert all(check["ok"] for check in smoke["checks"])
    assert {"start", "one row at a time", "stops when asked to"} <= {
        check["name"] for check in smoke["checks"]
    }


def test_the_second_run_executes_nothing_and_git_sees_nothing(green: Repo) -> None:
    assert set(green.run().values()) == {"unchanged"}
    assert git(green.path, "status", "--porcelain") == ""


def test_a_fresh_copy_has_no_finding(fresh_repo: Repo) -> None:
    done = fresh_repo.gleis("check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["findings"] == []


def test_the_report_names_what_was_registered(green: Repo) -> None:
    done = green.gleis("report")
    assert done.returncode == 0, done.stderr
    text = (green.path / ".gleis/report.html").read_text()
    assert "tumour-screening" in text
    assert "f1_macro" in text


def test_evidence_of_every_stage_keeps_the_schema(green_repo: Repo) -> None:
    from gleis.contract import project, schema
    from gleis.pipeline import graph

    contract = project.load(green_repo.path)
    ran = [
        stage.id
        for stage in graph.load().stages.values()
        if stage.applies_to(contract, graph.Occasion())
    ]
    assert {"lint", "train", "promote"} <= set(ran)
    for stage in ran:
        text = (green_repo.path / ".gleis/run" / f"{stage}.json").read_text()
        assert schema.conforms(json.loads(text), "evidence") == [], stage


@pytest.mark.parametrize(
    "answers",
    [
        {"name": "disease-progress", "task": "regression", "serving": "batch", "ci": ["jenkins"]},
        {"name": "no-service", "serving": "none", "ci": ["github", "jenkins"]},
        {"name": "plant-forecast", "task": "regression", "target": "swarm"},
    ],
    ids=lambda answers: answers["name"],
)
def test_other_answers_run_green_too(
    platform_clone: Path, tmp_path: Path, answers: dict[str, object]
) -> None:
    repo = make(platform_clone, tmp_path / "repo", **answers)
    repo.run()
    assert repo.registered() == ["1*"]
    assert set(repo.run().values()) == {"unchanged"}
    assert git(repo.path, "status", "--porcelain") == ""


def test_the_service_answers_until_it_is_stopped_and_says_when_a_port_is_busy(green: Repo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = green.gleis("serve", "--port", port)
    assert refused.returncode == 2
    assert port in refused.stderr
    assert "Traceback" not in refused.stderr

    with green.start("serve", "--port", port) as service:
        try:
            assert_ready(f"http://127.0.0.1:{port}/v2/health/ready")
        finally:
            service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=20) == 0


def assert_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


# --- what goes wrong -----------------------------------------------------------------------------


def test_killed_in_training_the_next_run_goes_on_and_registers_once(fresh: Repo) -> None:
    process = fresh.start("run")
    wait_for_training(fresh, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_until_gone(fresh) == []

    states = fresh.run()

    assert {states[name] for name in EARLIER} == {"unchanged"}
    assert states["train"] == "executed"
    assert fresh.registered() == ["1*"]


def test_ctrl_c_ends_every_process_and_the_next_run_goes_on(fresh: Repo) -> None:
    process = fresh.start("run")
    wait_for_training(fresh, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in output
    assert "Traceback" not in output
    assert wait_until_gone(fresh) == []

    assert fresh.run()["data-check"] == "unchanged"
    assert fresh.registered() == ["1*"]


def test_a_second_run_at_the_same_time_is_refused(fresh: Repo) -> None:
    process = fresh.start("run", "--until", "train")
    try:
        wait_for_training(fresh, process)
        process.send_signal(signal.SIGSTOP)
        second = fresh.gleis("run")
    finally:
        process.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"another gleis run (process {process.pid})" in second.stderr
    assert process.wait(timeout=120) == 0


def test_a_metric_below_the_floor_registers_nothing(fresh: Repo) -> None:
    fresh.edit("project.yaml", "floor: 0.85", "floor: 0.999")
    done = fresh.gleis("run")
    assert done.returncode == 1
    assert "evaluate did not pass" in done.stderr
    assert "f1_macro = " in done.stderr
    assert "misses the floor 0.999 (overall)" in done.stderr
    assert "(contour=" in done.stderr
    assert fresh.registered() == []

    fresh.edit("project.yaml", "floor: 0.999", "floor: 0.85")
    assert fresh.run()["train"] == "unchanged"


def test_a_worse_challenger_leaves_the_champion_alone(green: Repo) -> None:
    green.edit("project.yaml", "floor: 0.85", "floor: 0.3")
    learn_from_few_rows(green)
    done = green.gleis("run", "--until", "register")
    assert done.returncode == 1, done.stdout
    assert "misses the champion less the tolerance" in done.stderr
    assert green.registered() == ["1*"]


def learn_from_few_rows(repo: Repo) -> None:
    """Make the next model worse than the champion."""
    model = repo.path / "src/tumour_screening/model.py"
    model.write_text(
        model.read_text() + "\n\n_fit = fit\n\n\n"
        "def fit(inputs, target, seed):  # type: ignore[no-redef]\n"
        '    """Learn from the first rows only, for the test."""\n'
        "    return _fit(inputs.head(9), target.head(9), seed)\n"
    )


def test_corrupt_data_is_named_by_column_rows_and_rule(fresh: Repo) -> None:
    corrupt(fresh, 'rows.loc[[3, 5], "mean_radius"] = -1.0')
    done = fresh.gleis("run", "--until", "train")
    assert done.returncode == 1
    assert "data-check did not pass" in done.stderr
    for word in ("mean_radius", "in_range", "rows 3, 5"):
        assert word in done.stderr
    assert not (fresh.path / ".gleis/out/train.json").exists()


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ('rows = rows.drop(columns="mean_radius")', "column mean_radius is missing"),
        ('rows.loc[[3], "mean_radius"] = float("nan")', "not_nullable"),
        ('rows = rows.assign(mean_radius="wide")', "mean_radius"),
        ("rows = rows.head(0)", "data-check"),
    ],
    ids=["missing column", "missing value", "text for numbers", "no rows"],
)
def test_data_that_breaks_its_contract_is_refused(fresh: Repo, fault: str, word: str) -> None:
    corrupt(fresh, fault)
    done = fresh.gleis("run", "--until", "data-check")
    assert done.returncode == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def corrupt(repo: Repo, statement: str) -> None:
    """Let the repo's own data have a fault: `statement` changes the table `rows`."""
    bundled = repo.path / "src/tumour_screening/bundled.py"
    bundled.write_text(
        bundled.read_text() + "\n\n_all = table\n\n\n"
        "def table():  # type: ignore[no-redef]\n"
        '    """The table with a fault."""\n'
        f"    rows = _all()\n    {statement}\n    return rows\n"
    )


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    done = Repo(tmp_path).gleis("run")
    assert done.returncode == 2
    assert "project.yaml is missing" in done.stderr


def test_a_project_outside_of_git_is_refused(fresh: Repo) -> None:
    import shutil

    shutil.rmtree(fresh.path / ".git")
    done = fresh.gleis("run")
    assert done.returncode == 2
    assert "git init" in done.stderr


def test_values_of_the_contract_never_reach_a_shell(fresh: Repo) -> None:
    fresh.edit("project.yaml", "team: drivetrain", 'team: "$(touch owned)"')
    done = fresh.gleis("run")
    assert done.returncode == 2
    assert not list(fresh.path.rglob("owned"))


def test_a_half_written_run_folder_is_no_obstacle(green: Repo) -> None:
    folder = green.path / ".gleis/run"
    (folder / "train.json").write_bytes((folder / "train.json").read_bytes()[:100])
    (folder / "pipeline.json").write_text("{")
    (green.path / ".gleis/out/metrics.json").write_text("")
    states = green.run()
    assert states["train"] == "executed"
    assert states["data-check"] == "unchanged"


@pytest.mark.long
def test_killed_at_fifty_random_instants_it_always_goes_on(fresh: Repo) -> None:
    import random

    chance = random.Random(20261123)
    for attempt in range(50):
        process = fresh.start("run")
        time.sleep(chance.uniform(0.05, 14))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if chance.random() < 0.3:  # start again from an earlier point
            fresh.edit("data-contract.yaml", "columns:", f"# {attempt}\ncolumns:")
    states = fresh.run()
    assert set(states.values()) <= {"executed", "unchanged"}
    assert [version for version in fresh.registered() if version.endswith("*")]
    assert set(fresh.run().values()) == {"unchanged"}
    assert git(fresh.path, "diff", "--stat", "--", "src") == ""
    assert os.listdir(fresh.path / ".gleis/run")


def test_an_environments_alias_leaves_the_champion_alone(green: Repo) -> None:
    import sqlite3

    from gleis.pipeline.worker import Worker
    from gleis.tools.environments import ensure

    python = ensure(green.path / "requirements.lock", name="project").python
    worker = Worker(python, green.path)
    arguments = {"name": "tumour-screening", "version": "1", "expected": "7"}
    log = green.path / ".gleis" / "alias.log"
    try:
        for alias, wanted in (
            ("champion-dev", {"previous": None, "alias": "champion-dev"}),
            ("champion", {"previous": "7", "alias": "champion"}),
        ):
            answer = worker.call(
                "registry.py", "promote", {**arguments, "alias": alias}, log=log, timeout=120
            )
            assert answer.code == 0, answer.error
            assert wanted.items() <= answer.result.items()
    finally:
        worker.end()
    with sqlite3.connect(green.path / ".gleis" / "mlflow.db") as database:
        found = database.execute("SELECT alias, version FROM registered_model_aliases").fetchall()
    assert {("champion", 1), ("champion-dev", 1)} <= set(found)
