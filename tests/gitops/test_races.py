"""Many promotions at once, real processes, a real repository: nothing is lost, nothing is half."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gleis.gitops import promotion, state
from gleis.gitops.errors import Refused, RemoteFailed
from gleis.gitops.location import Location
from gleis.gitops.records import read_release
from gleis.gitops.state import Change, Opened

from .conftest import Shop, git

# A process that is ready first and then promotes at once, so that processes really meet. It takes
# one request after the other, because starting it costs more than a promotion.
RACER = """
import json, os, pickle, sys
from gleis.gitops import promotion
from gleis.gitops.errors import Refused
import gleis.gitops.github, gleis.gitops.records, ruamel.yaml
while True:
    try:
        request, location, go = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    print("ready", flush=True)
    while not os.path.exists(go): pass
    try:
        landed = promotion.promote(request, location).landed
        said = {"commit": landed.commit, "attempts": landed.attempts}
    except Refused as refused:
        said = {"refused": str(refused)}
    print(json.dumps(said), flush=True)
"""
Runner = tuple[Shop, promotion.Request]


class Racer:
    """One such process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", RACER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(promotion.__file__).parents[2])},
        )

    def take(self, runner: Runner, go: Path) -> None:
        assert self.process.stdin is not None
        shop, request = runner
        pickle.dump((request, shop.location, str(go)), self.process.stdin)
        self.process.stdin.flush()
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def racers() -> Iterator[Callable[[int], list[Racer]]]:
    started: list[Racer] = []

    def start(count: int) -> list[Racer]:
        started.extend(Racer() for _ in range(count - len(started)))
        return started[:count]

    yield start
    for racer in started:
        racer.end()


def race(runners: list[Runner], racers: list[Racer], go: Path) -> list[dict[str, Any]]:
    """All start at once; what came of each."""
    for runner, racer in zip(runners, racers, strict=True):
        racer.take(runner, go)
    go.touch()
    return [json.loads(racer.line()) for racer in racers]


def same_project(shop: Shop, racers: list[Racer], folder: Path, repetitions: int) -> int:
    """Two promotions of one project at once, again and again; how often one was refused."""
    refused = 0
    successes: list[str] = []
    for turn in range(repetitions):
        runners = []
        for version in (2 * turn + 1, 2 * turn + 2):
            shop.ran(version)
            runners.append((shop, shop.request("run", "dev")))
        results = race(runners, racers, folder / f"go-{turn}")
        landed = [each["commit"] for each in results if "commit" in each]
        assert landed, "one of them always wins"
        successes += landed
        log = git(shop.state, "log", "--format=%H", "HEAD", "--", f"{shop.folder}/dev.yaml")
        assert len(log.split()) == len(successes) + 1, "every success is a commit, nothing else is"
        assert set(successes) <= set(log.split()), "no success is taken out of the history"
        live = read_release(shop.file(), f"{shop.folder}/dev.yaml")
        assert live is not None
        assert shop.subjects()[0].endswith(f"v{live.model_version} to dev")
        for each in results:
            if "refused" in each:
                refused += 1
                assert "was changed while this promotion was on its way" in each["refused"]
    return refused


Start = Callable[[int], list[Racer]]


def test_racing_promotions_of_one_project_are_serialised(
    shop: Shop, racers: Start, tmp_path: Path
) -> None:
    assert same_project(shop, racers(2), tmp_path, 100) > 0, "they never met: nothing was shown"


def test_promotions_of_different_projects_all_land(
    make_shop: Callable[..., Shop], racers: Start, tmp_path: Path
) -> None:
    runners = []
    for number in range(4):
        shop = make_shop(f"model-{number}")
        shop.onboard()
        shop.ran(1)
        runners.append((shop, shop.request("run", "dev")))
    results = race(runners, racers(4), tmp_path / "go")
    assert max(each["attempts"] for each in results) > 1, "they never met: nothing was shown"
    for shop, _ in runners:
        assert len(shop.subjects("dev")) == 2
    subprocess.run(["git", "fsck", "--strict"], cwd=shop.state, check=True, capture_output=True)


def test_a_push_that_was_too_late_is_made_again_on_the_new_head(
    shop: Shop, make_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_shop("other-model")
    other.onboard()
    other.ran(1)
    request = shop.request("run", "dev")
    push = Opened.push

    def late(self: Opened, commit: str, branch: str) -> tuple[bool, str]:
        monkeypatch.setattr(Opened, "push", push)
        other.promote()
        return push(self, commit, branch)

    monkeypatch.setattr(Opened, "push", late)
    done = promotion.promote(request, shop.location)
    assert done.landed.attempts == 2
    assert shop.subjects()[:2] == [
        "Promote drivetrain/bearing-wear v1 to dev",
        "Promote drivetrain/other-model v1 to dev",
    ]


def test_the_gates_are_asked_again_on_the_new_head(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gleis.gitops import tenants

    request = shop.request("run", "dev")
    push = Opened.push

    def late(self: Opened, commit: str, branch: str) -> tuple[bool, str]:
        monkeypatch.setattr(Opened, "push", push)
        tenants.remove("drivetrain", shop.name, shop.platform, shop.location, root=shop.root)
        return push(self, commit, branch)

    monkeypatch.setattr(Opened, "push", late)
    with pytest.raises(Exception, match="is not a tenant"):
        promotion.promote(request, shop.location)


def test_the_same_promotion_made_twice_at_once_is_one_commit(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = shop.request("run", "dev")
    push = Opened.push

    def late(self: Opened, commit: str, branch: str) -> tuple[bool, str]:
        monkeypatch.setattr(Opened, "push", push)
        shop.promote()
        return push(self, commit, branch)

    monkeypatch.setattr(Opened, "push", late)
    assert not promotion.promote(request, shop.location).landed.changed
    assert len(shop.subjects("dev")) == 2


def test_a_push_that_landed_although_it_seemed_to_fail_is_not_repeated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = Opened.push

    def cut_off(self: Opened, commit: str, branch: str) -> tuple[bool, str]:
        push(self, commit, branch)
        return False, "git push took longer than 120 s and was stopped"

    monkeypatch.setattr(Opened, "push", cut_off)
    done = shop.promote()
    assert done.landed.commit == git(shop.state, "rev-parse", "HEAD").strip()
    assert len(shop.subjects("dev")) == 2


def test_a_repository_that_is_always_busy_is_given_up_with_a_word(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_LONGEST_PAUSE", 0.0)
    monkeypatch.setattr(
        Opened, "push", lambda *_: (False, "! [rejected] main -> main (fetch first)")
    )
    with pytest.raises(RemoteFailed, match="20 attempts met somebody else's push"):
        shop.promote()


@pytest.mark.parametrize("moment", [0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45])
def test_killed_at_any_moment_the_state_is_before_or_after(
    shop: Shop, racers: Start, tmp_path: Path, moment: float
) -> None:
    before = shop.file()
    (racer,) = racers(1)
    racer.take((shop, shop.request("run", "dev")), tmp_path / "go")
    (tmp_path / "go").touch()
    time.sleep(moment)
    racer.end()  # kill -9
    time.sleep(0.3)  # what it had started may still finish its push
    subprocess.run(["git", "fsck", "--strict"], cwd=shop.state, check=True, capture_output=True)
    commits = shop.subjects("dev")
    assert len(commits) in (1, 2)
    assert (shop.file() == before) == (len(commits) == 1)
    # And the next attempt goes on as if nothing had been.
    shop.promote()
    assert len(shop.subjects("dev")) == 2


def test_a_rollback_that_meets_a_promotion_takes_back_nothing_else(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.promote()
    shop.ran(2)
    shop.promote()
    push = Opened.push

    def late(self: Opened, commit: str, branch: str) -> tuple[bool, str]:
        monkeypatch.setattr(Opened, "push", push)
        shop.ran(3)
        shop.promote()
        return push(self, commit, branch)

    monkeypatch.setattr(Opened, "push", late)
    with pytest.raises(Refused, match="it now runs v3"):
        shop.roll_back()
    assert shop.subjects("dev")[0].startswith("Promote")


def test_what_killed_processes_leave_behind_is_removed_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old, young = tmp_path / "gleis-gitops-old", tmp_path / "gleis-gitops-young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (0, 0))
    with state.scratch() as folder:
        assert folder.parent == tmp_path
    assert [each.name for each in tmp_path.iterdir()] == ["gleis-gitops-young"]


def test_an_edit_that_changes_nothing_makes_no_commit(shop: Shop) -> None:
    head = git(shop.state, "rev-parse", "HEAD")
    where: Location = shop.location
    landed = state.apply(where, lambda _snapshot: None, state.Identity("n", "e@example.com"))
    assert not landed.changed
    assert git(shop.state, "rev-parse", "HEAD") == head


def test_a_change_of_two_files_is_refused_before_it_is_pushed(shop: Shop) -> None:
    head = git(shop.state, "rev-parse", "HEAD")
    two = {f"{shop.folder}/dev.yaml": "x: 1\n", f"{shop.folder}/prod.yaml": "x: 1\n"}
    with pytest.raises(state.NotOneFile):
        state.apply(
            shop.location,
            lambda _snapshot: Change(two, "Promote two", "b"),
            state.Identity("n", "e@example.com"),
        )
    assert git(shop.state, "rev-parse", "HEAD") == head
