"""A good state that faults are planted in, and a preview of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.argocd import rig

from gleis.gitops.preview import helm, schemas
from gleis.gitops.preview.preview import Preview, Request, preview
from gleis.tools.errors import ToolMissing

from ..conftest import git
from . import synthetic


def use_helm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, major: int) -> None:
    """Let previews use this Helm, out of the tests' own package; without it NOT RUN."""
    try:
        monkeypatch.setenv(helm.VARIABLE, str(rig.helm(major)))
    except ToolMissing as error:
        if request.config.getoption("--strict-tools"):
            pytest.fail(f"NOT RUN: {error}", pytrace=False)
        pytest.skip(f"NOT RUN: {error}")


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Helm 4, as Argo CD has it, and the schemas of custom resources where they are here."""
    use_helm(request, monkeypatch, 4)
    if rig.crds():
        monkeypatch.setenv(schemas.VARIABLE, str(rig.crds()))


@pytest.fixture
def custom_schemas(request: pytest.FixtureRequest) -> Path:
    """The schemas of custom resources; where there are none, NOT RUN."""
    found = rig.crds()
    if found is None:
        why = f"no schemas of custom resources here ({schemas.VARIABLE}, or ../shared/crds)"
        if request.config.getoption("--strict-tools"):
            pytest.fail(f"NOT RUN: {why}", pytrace=False)
        pytest.skip(f"NOT RUN: {why}")
    return found


@dataclass(frozen=True)
class Place:
    """A platform with tenants, in a repository."""

    root: Path
    cache: Path
    state: Path | None = None

    @property
    def platform_file(self) -> Path:
        return self.root / "platform.yaml"

    def look(self, **more: str) -> Preview:
        return preview(Request(self.platform_file, state=self.state, cache=self.cache, **more))

    def rules(self, **more: str) -> set[str]:
        """Rules that fail, without their prefix."""
        return {each.rule.partition("/")[2] for each in self.look(**more).findings if each.fails}

    def edit(self, name: str, old: str, new: str) -> None:
        path = (self.state or self.root) / name
        if not path.is_file():
            path = self.root / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1))

    def commit(self, message: str = "change") -> str:
        for root in {self.root, self.state or self.root}:
            git(root, "add", "-A")
            git(root, "commit", "-qm", message, "--allow-empty")
        return git(self.state or self.root, "rev-parse", "HEAD").strip()


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Never to be changed: `place` is a copy of it. What was rendered once serves all tests."""
    root = tmp_path_factory.mktemp("good")
    synthetic.platform(root)
    synthetic.write(root, 3)
    git(root, "init", "-q", "-b", "main")
    made = Place(root, tmp_path_factory.mktemp("cache"))
    made.commit("good")
    return made


@pytest.fixture
def place(good: Place, tmp_path: Path) -> Place:
    shutil.copytree(good.root, tmp_path / "place", symlinks=True)
    return Place(tmp_path / "place", good.cache)


@pytest.fixture
def apart(place: Place, tmp_path: Path) -> Place:
    """The same, with the state in a repository of its own."""
    state = tmp_path / "state"
    (state / "argocd").mkdir(parents=True)
    shutil.move(place.root / "argocd" / "tenants", state / "argocd" / "tenants")
    git(state, "init", "-q", "-b", "main")
    text = place.platform_file.read_text()
    assert "\n  repo: .\n" in text
    place.platform_file.write_text(text.replace("\n  repo: .\n", "\n  repo: ../state\n"))
    made = Place(place.root, place.cache, state)
    made.commit("apart")
    return made
