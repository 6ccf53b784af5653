"""Fixture projects, laid out, and the check environment made once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gleis.check import engine
from gleis.check.inputs import Collected
from gleis.check.runners import checkov
from gleis.check.runners.checkov import CheckovResult
from gleis.check.tree import CannotCheck, Text
from gleis.contract.platform import Cloud, Gate, Git, Platform, Quota, Team, load
from gleis.findings import Report
from gleis.tools.environments import Environment

FIXTURES = Path(__file__).parent / "fixtures"
TODAY = date(2026, 11, 23)
CUT = "~+~"

Check = Callable[..., Report]


@pytest.fixture(scope="session")
def platform() -> Platform:
    """The organisation that the fixtures belong to, whatever a fork's own platform.yaml says."""
    return replace(
        load(),
        git=Git(host="github.com", owner="example-org", repository="gleis"),
        clouds={"aws": Cloud(enabled=True)},
        teams=(
            Team("drivetrain", "drivetrain-ml@example.com", "CC-4711", Quota(cpu=8, gpu=0)),
            Team(
                "vision",
                "vision-ml@example.com",
                "CC-4720",
                Quota(cpu=8, gpu=0),
                github_team="vision-guild",
            ),
        ),
        gate=Gate(floors={"f1_macro": 0.8, "rmse": 2.5}, max_tolerance=0.05),
    )


@pytest.fixture(scope="session")
def check_environment() -> Environment:
    """The environment with Checkov and detect-secrets, from its lock."""
    from gleis import resources
    from gleis.check.runners.environment import LOCK
    from gleis.tools.environments import ensure

    return ensure(resources.path(LOCK), name="check")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that keeps every SOP; a test spoils it as it likes."""
    return _lay_out(None, tmp_path / "project")


@pytest.fixture
def check(platform: Platform) -> Check:
    """`check(root, "SOP-003", today=…)`: the engine with the fixtures' organisation."""

    def run(root: Path, *only: str, today: date = TODAY) -> Report:
        return engine.check(root, today=today, platform=platform, only=set(only) or None)

    return run


@pytest.fixture
def lay_out() -> Callable[[Path | None, Path], Path]:
    """`lay_out(fixture_folder, target)`: the base with a fixture's files over it."""
    return _lay_out


def _lay_out(fixture: Path | None, target: Path) -> Path:
    """The base with a fixture's files over it, put together from their pieces."""
    shutil.copytree(FIXTURES / "base", target)
    if fixture is None:
        return target
    for source in fixture.rglob("*"):
        if source.is_file() and source.name not in ("EXPECT", "REMOVE", "NOTE"):
            copy = target / source.relative_to(fixture)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes().replace(CUT.encode(), b""))
    if (fixture / "REMOVE").is_file():
        for name in (fixture / "REMOVE").read_text().split():
            (target / name).unlink()
    return target


@pytest.fixture(scope="session")
def checkov_once(check_environment: Environment) -> Callable[..., Collected[CheckovResult]]:
    """Stands in for `checkov.run`: one real run over the Dockerfiles of all fixtures, remembered.

    A start of Checkov costs seconds; `test_runners` runs it as users do.
    """
    from gleis.check import catalogue
    from gleis.check.sources.images import _is_dockerfile

    folders = [FIXTURES / "base", *(FIXTURES / "SOP-005").iterdir()]
    texts = [
        Text(str(path), path.read_text())
        for folder in folders
        for path in folder.rglob("*")
        if _is_dockerfile(path.name)
    ]
    ids = catalogue.load()["SOP-005"].check_ids
    found = checkov.run(check_environment, texts, ids)

    def run(
        environment: Environment, files: Sequence[Text], checks: Sequence[str]
    ) -> Collected[CheckovResult]:
        assert set(checks) == set(ids)
        twin = {text.path: next(t.path for t in texts if t.text == text.text) for text in files}
        return Collected(
            tuple(
                replace(each, file=path)
                for path, known in twin.items()
                for each in found.items
                if each.file == known
            ),
            tuple(
                CannotCheck(each.message, path)
                for path, known in twin.items()
                for each in found.unreadable
                if each.file == known
            ),
        )

    return run
