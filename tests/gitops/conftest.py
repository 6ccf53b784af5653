"""A bare repository that holds the state, and projects with the evidence of a run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gleis import evidence
from gleis.contract import platform, project
from gleis.contract.platform import Platform
from gleis.contract.project import Project
from gleis.evidence import Record
from gleis.gitops import promotion, rollback, run_evidence, tenants
from gleis.gitops.location import Location, locate
from gleis.gitops.promotion import Promoted
from gleis.pipeline import graph
from gleis.pipeline.graph import Occasion
from gleis.pipeline.source import source
from gleis.stages.deploy import required
from gleis.tools import sha256

REPO = Path(__file__).parent.parent.parent
IMAGE = "registry.example.com/ml"
BASE = "argocd/tenants"


def git(cwd: Path, *argv: str) -> str:
    identity = ["-c", "user.name=drivetrain", "-c", "user.email=drivetrain-ml@example.com"]
    done = subprocess.run(
        ["git", *identity, *argv], cwd=cwd, capture_output=True, text=True, check=True
    )
    return done.stdout


@dataclass(frozen=True)
class Shop:
    """A project's checkout with evidence, and the state that it is promoted into."""

    root: Path
    platform_file: Path

    @property
    def platform(self) -> Platform:
        return platform.load(self.platform_file)

    @property
    def contract(self) -> Project:
        return project.load(self.root, self.platform)

    @property
    def location(self) -> Location:
        return locate(self.platform, self.platform_file)

    @property
    def state(self) -> Path:
        return Path(self.location.url)

    @property
    def name(self) -> str:
        return self.contract.metadata.name

    @property
    def folder(self) -> str:
        return f"{BASE}/{self.contract.metadata.team}/{self.name}"

    def edit(self, old: str, new: str) -> None:
        path = self.root / "project.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        git(self.root, "commit", "-qam", "change the contract")

    def required(self, environment: str = "dev") -> tuple[str, ...]:
        return required(graph.load(), self.contract, Occasion("manual", environment))

    def ran(self, version: int = 1, *, value: float = 0.95) -> None:
        """Leave what a green run of `gleis run --environment dev` leaves, for model `version`."""
        model, out = f"{version:064x}", self.root / ".gleis" / "out"
        out.mkdir(parents=True, exist_ok=True)
        image = f"{IMAGE}/{self.name}"
        written = {
            "train": ("train.json", {"model_sha256": model}),
            "evaluate": (
                "metrics.json",
                {"model_sha256": model, "overall": {"f1_macro": {"value": value}}},
            ),
            "register": ("registration.json", {"version": str(version), "model_sha256": model}),
            "publish": ("publication.json", {"image": image, "digest": f"sha256:{version:064x}"}),
        }
        reads = {"publish": [".gleis/out/registration.json"], "evaluate": ["project.yaml"]}
        for stage in self.required():
            outputs = {}
            if stage in written:
                name, content = written[stage]
                (out / name).write_text(json.dumps(content))
                outputs = {f".gleis/out/{name}": sha256(out / name)}
            inputs = {name: sha256(self.root / name) for name in reads.get(stage, [])}
            self.record(stage, inputs=inputs, outputs=outputs, source=source(self.root))

    def record(self, stage: str, **changes: Any) -> None:
        """Write the evidence of a stage, or change what it says."""
        now = evidence.now()
        record = evidence.read(self.root, stage) or Record(
            stage, "job", "dev", "passed", "", now, now, "0" * 64, source(self.root), {}, {}
        )
        path = evidence.path(self.root, stage)
        path.parent.mkdir(parents=True, exist_ok=True)
        statement = evidence.statement(replace(record, finished=now, **changes))
        path.write_text(json.dumps(statement))

    def onboard(self, **more: Any) -> None:
        tenant = tenants.describe(self.root, self.platform, f"https://example.com/{self.name}.git")
        tenants.add(tenant, self.platform, self.location, root=self.root, **more)

    def request(self, source_name: str, target: str, **more: Any) -> promotion.Request:
        stages = self.required(target)
        candidate = None
        if source_name == "run":
            candidate = run_evidence.release(
                self.root, self.contract, self.platform, source(self.root), stages
            )
        return promotion.Request(
            self.root, self.contract, self.platform, source_name, target, stages, candidate, **more
        )

    def promote(self, source_name: str = "run", target: str = "dev", **more: Any) -> Promoted:
        return promotion.promote(self.request(source_name, target, **more), self.location)

    def roll_back(self, environment: str = "dev", **more: Any) -> rollback.RolledBack:
        team = self.contract.metadata.team
        said = {"reason": "it answers nonsense", **more}
        asked = rollback.Request(self.root, self.platform, team, self.name, environment, **said)
        return rollback.roll_back(asked, self.location)

    def to_prod(self, version: int = 1) -> None:
        """Promote a version through all three environments."""
        self.ran(version)
        self.promote()
        self.promote("dev", "staging")
        self.promote("staging", "prod", approver="quality-ml@example.com")

    def file(self, environment: str = "dev") -> str:
        return git(self.state, "show", f"HEAD:{self.folder}/{environment}.yaml")

    def subjects(self, environment: str | None = None) -> list[str]:
        """Subjects of the log, newest first; of one environment's file, or of everything."""
        names = ["--", f"{self.folder}/{environment}.yaml"] if environment else []
        return git(self.state, "log", "--format=%s", "HEAD", *names).splitlines()

    def gleis(self, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        import os

        return subprocess.run(
            [sys.executable, "-P", "-m", "gleis", *argv],
            cwd=self.root,
            env={**os.environ, "GLEIS_PLATFORM": str(self.platform_file), **env},
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def platform_file(tmp_path: Path) -> Path:
    """The default organisation, with its state in a bare repository of its own."""
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", tmp_path / "state.git"], check=True
    )
    text = (REPO / "platform.yaml").read_text()
    assert "\n  repo: .\n" in text
    path = tmp_path / "organisation" / "platform.yaml"
    path.parent.mkdir()
    path.write_text(text.replace("\n  repo: .\n", "\n  repo: ../state.git\n"))
    return path


@pytest.fixture
def make_shop(tmp_path: Path, platform_file: Path) -> Callable[..., Shop]:
    def make(name: str = "bearing-wear", team: str = "drivetrain") -> Shop:
        root = tmp_path / "projects" / name
        root.mkdir(parents=True)
        fixture = REPO / "tests" / "contract"
        text = (fixture / "valid" / "sklearn-online.yaml").read_text()
        text = text.replace("name: bearing-wear", f"name: {name}", 1)
        (root / "project.yaml").write_text(text)
        shutil.copy(fixture / "data-contract.yaml", root / "data-contract.yaml")
        (root / ".gitignore").write_text(".gleis/\n")
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "start")
        git(root, "config", "user.name", "platform")
        git(root, "config", "user.email", "ml-platform@example.com")
        return Shop(root, platform_file)

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """A tenant with the evidence of a green run of version 1."""
    made = make_shop()
    made.onboard()
    made.ran(1)
    return made
