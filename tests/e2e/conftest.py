"""A clean clone of this checkout, a repo made from it, and that repo after one green run.

Everything is real: Copier, git, uv, scikit-learn, MLflow, HTTP. The slow parts are made once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import copier
import pytest

from gleis.contract import platform, project
from gleis.pipeline import graph
from gleis.pipeline.stage import Context
from gleis.pipeline.worker import Worker
from gleis.tools import catalogue, environments, process

from .organisation import Rig, base_root, run, site_settings

REPO = Path(__file__).parent.parent.parent
IDENTITY = ("-c", "user.name=tests", "-c", "user.email=tests@example.com")


def git(cwd: Path, *argv: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *argv], cwd=cwd, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(repo: Path) -> None:
    git(repo, "init", "--quiet")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--no-verify", "--message", "Start")


@dataclass(frozen=True)
class Repo:
    """A repo made from the template; `gleis` runs the command in it, as a person would."""

    path: Path

    def command(self, *argv: str) -> list[str]:
        return [sys.executable, "-P", "-m", "gleis", *argv]

    def gleis(self, *argv: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*argv), cwd=self.path, capture_output=True, text=True, timeout=timeout
        )

    def start(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*argv),
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell that starts the tests in the background lets its children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *argv: str) -> dict[str, str]:
        """`gleis run`, which must pass; the state of each stage."""
        done = self.gleis("run", "--json", *argv)
        assert done.returncode == 0, done.stdout + done.stderr
        return {each["stage"]: each["state"] for each in json.loads(done.stdout)["stages"]}

    def evidence(self, stage: str) -> dict[str, object]:
        text = (self.path / ".gleis" / "run" / f"{stage}.json").read_text()
        predicate: dict[str, object] = json.loads(text)["predicate"]
        return predicate

    def registered(self) -> list[str]:
        """Versions of the model in the registry, and which one is the champion, as `1` or `2*`."""
        import sqlite3

        database = self.path / ".gleis" / "mlflow.db"
        if not database.exists():
            return []
        with sqlite3.connect(database) as connection:
            versions = connection.execute("SELECT version FROM model_versions").fetchall()
            champion = connection.execute(
                "SELECT version FROM registered_model_aliases WHERE alias = 'champion'"
            ).fetchall()
        return [f"{version}{'*' if (version,) in champion else ''}" for (version,) in versions]

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.path / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))


def context_of(repo: Repo, stage: str, workers: list[Worker]) -> Context:
    """What the runner would give to the body of `stage` for `dev`."""
    made = environments.ensure(repo.path / "requirements.lock", name="project")

    def worker() -> Worker:
        workers.append(Worker(made.python, repo.path))
        return workers[-1]

    log = repo.path / ".gleis" / "run" / f"{stage}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    organisation = platform.load()
    return Context(
        repo.path, project.load(repo.path, organisation), organisation,
        graph.load().stage(stage), "dev", log, lambda _: None, lambda: made, worker, worker,
    )  # fmt: skip


@pytest.fixture(scope="session")
def platform_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout, as a clone of its next commit would be."""
    target = tmp_path_factory.mktemp("platform") / "gleis"
    listed = git(REPO, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (REPO / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, target / name)
    commit(target)
    return target


def make(platform_clone: Path, path: Path, /, **answers: object) -> Repo:
    """`copier copy --defaults --vcs-ref HEAD` with `answers`, and a first commit."""
    copier.run_copy(
        str(platform_clone), path, data=answers, defaults=True, quiet=True, vcs_ref="HEAD"
    )
    commit(path)
    return Repo(path)


@pytest.fixture(scope="session")
def fresh_repo(platform_clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repo with the default answers that nothing was done to yet. Do not change it: copy it."""
    return make(
        platform_clone,
        tmp_path_factory.mktemp("fresh") / "tumour-screening",
        name="tumour-screening",
    )


@pytest.fixture(scope="session")
def green_repo(fresh_repo: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """The same after one green run. Do not change it: copy it."""
    target = tmp_path_factory.mktemp("green") / "tumour-screening"
    shutil.copytree(fresh_repo.path, target, symlinks=True)
    repo = Repo(target)
    repo.run()
    return repo


@pytest.fixture
def fresh(fresh_repo: Repo, tmp_path: Path) -> Repo:
    shutil.copytree(fresh_repo.path, tmp_path / "repo", symlinks=True)
    return Repo(tmp_path / "repo")


@pytest.fixture
def green(green_repo: Repo, tmp_path: Path) -> Repo:
    """A copy of the green repo, at a new place: its MLflow paths are moved along."""
    import sqlite3

    shutil.copytree(green_repo.path, tmp_path / "repo", symlinks=True)
    old, new = str(green_repo.path), str(tmp_path / "repo")
    with sqlite3.connect(tmp_path / "repo" / ".gleis" / "mlflow.db") as database:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("model_versions", "source"),
            ("model_versions", "storage_location"),
            ("logged_models", "artifact_location"),
        ):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))
    return Repo(tmp_path / "repo")


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Images and containers of these tests only, removed with them."""
    folder = tmp_path_factory.mktemp("storage")
    settings = folder / "storage.conf"
    tool = catalogue.require("buildah")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_STORAGE_CONF", str(settings))
        for driver in ("overlay", "vfs"):  # overlay copies less; not every kernel lets it
            settings.write_text(
                f'[storage]\ndriver = "{driver}"\n'
                f'graphroot = "{folder}/{driver}"\nrunroot = "{folder}/run-{driver}"\n'
            )
            if process.run([tool, "info"], timeout=60).ok:
                break
        try:
            yield folder
        finally:
            process.run([tool, "rm", "--all"], timeout=60)
            process.run([tool, "rmi", "--all", "--force"], timeout=120)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def rig(loopback_registry: str, storage: Path, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    wanted = platform.load(REPO / "platform.yaml").base_images["python"]
    tool = catalogue.require("buildah")
    site = site_settings(tmp_path_factory.mktemp("site"))
    container = run(tool, "from", "scratch")
    run(tool, "add", "--quiet", container, base_root(), "/")
    run(tool, "add", "--quiet", container, site / "etc", "/etc")
    run(tool, "config", "--cmd", "python3", container)
    run(tool, "commit", "--quiet", "--timestamp", "0", container, "gleis-test-base")
    run(tool, "rm", container)
    note = storage / "base.digest"
    target = f"docker://{loopback_registry}/library/{wanted.image}"
    run(tool, "push", "--quiet", "--tls-verify=false", "--digestfile", note,
        "gleis-test-base", target)  # fmt: skip
    digest = note.read_text().strip()
    return Rig(
        loopback_registry,
        f"{loopback_registry}/library/{wanted.image}@{digest}",
        digest,
        wanted.digest,
    )


@pytest.fixture(autouse=True)
def no_tracking_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own MLflow server must never see what the tests do."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "MLFLOW_TRACKING_URI" not in os.environ
