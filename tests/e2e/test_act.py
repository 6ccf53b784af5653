"""The rendered workflow, run for real by act, in a freshly copied repo; its evidence is the same.

Real: the reusable workflow, its expressions, needs, conditions, artifacts between jobs, the wheel,
uv, training, MLflow. Stood in for: the marketplace actions (tests/ci/stand-ins/README.md).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gleis.contract import platform
from gleis.pipeline.ci import github
from gleis.tools.process import clean_env

from .conftest import REPO, Repo, commit, git, make
from .organisation import ADDRESS, Rig, site, tracking_store

STAND_INS = REPO / "tests" / "ci" / "stand-ins"
USES = re.compile(r"uses: ([\w.-]+/[\w./-]+@[0-9a-f]{40})")
JOB = re.compile(r"^\[[^\]]*?(?P<job>[\w-]+)\s*\]\s+🏁\s+Job (?P<verdict>succeeded|failed)", re.M)

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Acted:
    """What a run of act left: its words, each job's verdict, and the artifacts by name."""

    output: str
    code: int
    artifacts: Path

    @property
    def verdicts(self) -> dict[str, str]:
        return {found["job"]: found["verdict"] for found in JOB.finditer(self.output)}

    def evidence(self, job: str) -> dict[str, dict[str, Any]]:
        """The evidence in the job's artifact, by stage. One folder kept alone is its own root."""
        folder = self.artifacts / f"gleis-{job}"
        folder = folder / "run" if (folder / "run").is_dir() else folder
        return read_evidence(folder)


@dataclass(frozen=True)
class Act:
    """act, with the platform and the stand-ins under the names that the workflows ask for."""

    platform: Path
    wheel: Path
    folder: Path

    @property
    def name(self) -> str:
        """owner/name of the platform, as generated repos call it."""
        organisation = platform.load(self.platform / "platform.yaml").git
        return f"{organisation.owner}/{organisation.repository}"

    def run(
        self,
        repo: Repo,
        event: str,
        payload: Mapping[str, Any],
        *,
        workflow: str = "ci.yml",
        tracking: str = "",
        environ: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        timeout: float = 400,
    ) -> Acted:
        """Run a workflow of `repo` for an event, as GitHub would with a runner on this machine.

        `environ` is what the runner has beside our own variables, `secrets` what the repo holds.
        """
        self.folder.mkdir(parents=True)
        (self.folder / "event.json").write_text(json.dumps(payload))
        artifacts = self.folder / "artifacts"
        act = Path(sys.executable).parent / "act"
        argv = [act, event, "-W", f".github/workflows/{workflow}", "-C", repo.path]
        argv += ["-e", self.folder / "event.json", "-P", "ubuntu-latest=-self-hosted"]
        argv += ["--no-cache-server", "--artifact-server-addr", "127.0.0.1", "--pull=false"]
        argv += ["--action-cache-path", self.folder / "cache", "--defaultbranch", "main"]
        argv += ["--var", f"GLEIS_SOURCE={self.wheel}", "--var", f"MLFLOW_TRACKING_URI={tracking}"]
        given = {**(environ or {}), "STAND_IN_ARTIFACTS": str(artifacts)}
        argv += [word for name, it in given.items() for word in ("--env", f"{name}={it}")]
        argv += [word for name in secrets or () for word in ("--secret", name)]
        for name, place in self.repositories().items():
            argv += ["--local-repository", f"{name}={place}"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.Popen(
            [str(word) for word in argv],
            env=clean_env(**(secrets or {}), PATH=path, NO_COLOR="1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            pytest.fail(f"act took longer than {timeout} s:\n{output[-4000:]}")
        return Acted(output, process.returncode, artifacts)

    def repositories(self) -> dict[str, Path]:
        """owner/name@ref → a git folder: the platform at its commit, and a stand-in per action."""
        sha = git(self.platform, "rev-parse", "HEAD").strip()
        found = {f"{self.name}@{sha}": self.platform}
        workflows = [self.platform / name for name in (github.PIPELINE, github.SCHEDULE)]
        for action in {use for path in workflows for use in USES.findall(path.read_text())}:
            name = action.partition("@")[0]
            if name == "actions/checkout":
                continue  # built into act
            stand_in = STAND_INS / name.rpartition("/")[2]
            assert stand_in.is_dir(), f"{name} has no stand-in"
            folder = self.folder / "actions" / stand_in.name
            shutil.copytree(stand_in, folder)
            commit(folder)
            found[action] = folder
        return found


@pytest.fixture
def act(platform_clone: Path, wheel: Path, tmp_path: Path) -> Act:
    return Act(platform_clone, wheel, tmp_path / "act")


def pushed(repo: Repo) -> dict[str, Any]:
    """GitHub's payload of a push to the default branch, as far as anything reads it."""
    git(repo.path, "branch", "--move", "--force", "main")
    git(repo.path, "remote", "add", "origin", ADDRESS)
    return {"ref": "refs/heads/main", "repository": {"default_branch": "main"}}


def deliver_to(repo: Repo, *environments: str, workflow: str = "ci.yml") -> None:
    """Let the caller ask for these environments only, and commit that."""
    path = repo.path / ".github" / "workflows" / workflow
    text, count = re.subn(
        r"environments: '\[.*\]'", f"environments: '{json.dumps(environments)}'", path.read_text()
    )
    assert count == 1
    path.write_text(text)
    git(repo.path, "commit", "--quiet", "--all", "--message", "Say where to deliver to")


def read_evidence(folder: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return {it["predicate"]["stage"]: it["predicate"] for it in found if "predicate" in it}


def subject(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same wherever a commit is judged: not when, where or how fast."""
    return {
        "stage": evidence["stage"],
        "commit": evidence["source"]["commit"],
        "dirty": evidence["source"]["dirty"],
        "verdict": evidence["verdict"],
        "parameters": evidence["parameters"],
        "findings": evidence["findings"],
        "metrics": evidence["metrics"],
        "details": {name: evidence["details"].get(name) for name in SAME_DETAILS},
    }


# Of the data, the model, its training, the gate and the procedures.
SAME_DETAILS = ("sha256", "data_sha256", "model_sha256", "params", "seed", "gate", "rules")


def assert_same(found: Any, wanted: Any, where: str = "") -> None:
    """Equal, numbers to 1e-9 (relative, or absolute near zero)."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), where
        assert found.keys() == wanted.keys(), where
        for name in wanted:
            assert_same(found[name], wanted[name], f"{where}.{name}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for index, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
            assert_same(ours, theirs, f"{where}[{index}]")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9), where
    else:
        assert found == wanted, where


VERIFY, TRAIN = ("lint", "test", "sop"), ("data-check", "train", "evaluate", "register")
PACKAGE, DELIVER = ("image", "sbom", "scan", "publish", "sign"), ("deploy", "smoke", "promote")
PLAN = "infra-plan"  # says that nothing was planned: the platform names no state here


@pytest.fixture
def without_image(platform_clone: Path, tmp_path: Path) -> Repo:
    """A fresh copy whose model is promoted, but served by nobody: no image has to be built."""
    return make(platform_clone, tmp_path / "repo", name="tumour-screening", serving="none")


def test_act_runs_the_rendered_workflow_to_a_promoted_dev_with_the_same_evidence(
    act: Act, without_image: Repo, tmp_path: Path
) -> None:
    repo = without_image
    deliver_to(repo, "dev")
    payload = pushed(repo)
    here = Repo(tmp_path / "here")
    shutil.copytree(repo.path, here.path, symlinks=True)
    ran = here.run("--event", "main", "--environment", "dev")

    done = act.run(repo, "push", payload, tracking=tracking_store(repo.path, tmp_path / "tracking"))

    assert done.code == 0, done.output[-6000:]
    jobs = ("verify", "train", "package", "deliver-dev")
    assert done.verdicts == dict.fromkeys(jobs, "succeeded")
    there = done.evidence("deliver-dev")
    assert set(there) == {*VERIFY, *TRAIN, PLAN, "promote"} == set(ran)
    for stage in there:
        assert_same(subject(there[stage]), subject(here.evidence(stage)), stage)
    assert there["evaluate"]["metrics"]
    assert there["train"]["details"]["data_sha256"] == there["data-check"]["details"]["sha256"]
    assert there["train"]["details"]["params"]
    assert there["promote"]["environment"] == "dev"
    assert there[PLAN]["details"]["planned"] is False
    assert "nothing was planned" in done.output  # the summary, which act prints
    assert there["evaluate"]["source"]["commit"] == git(repo.path, "rev-parse", "HEAD").strip()
    assert (done.artifacts / "reports-verify" / "test.xml").is_file()


@pytest.mark.needs("buildah")
@pytest.mark.needs("docker-registry")
@pytest.mark.needs("debootstrap")
def test_act_builds_signs_and_delivers_the_image_that_a_plain_run_delivers(
    act: Act, rig: Rig, fresh: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.edit("Dockerfile", rig.pinned, rig.digest)
    deliver_to(fresh, "dev")
    payload = pushed(fresh)
    here = Repo(tmp_path / "here")
    shutil.copytree(fresh.path, here.path, symlinks=True)
    mine, theirs = site(rig, tmp_path / "by-hand"), site(rig, tmp_path / "by-act")
    monkeypatch.delenv("CI", raising=False)
    for each in (theirs, mine):
        for name, value in each.environ.items():
            monkeypatch.setenv(name, value)
        added = here.gleis("tenant", "add", ".", "--repository", ADDRESS)
        assert added.returncode == 0, added.stderr
    ran = here.gleis("run", "--json", "--event", "main", "--environment", "dev", timeout=900)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    done = act.run(
        fresh,
        "push",
        payload,
        tracking=tracking_store(fresh.path, tmp_path / "tracking"),
        environ=theirs.environ,
        secrets=dict.fromkeys(["GLEIS_GITOPS_TOKEN"], "unused"),  # the state is a folder here
        timeout=900,
    )

    assert done.code == 0, done.output[-6000:]
    jobs = ("verify", "train", "package", "deliver-dev")
    assert done.verdicts == dict.fromkeys(jobs, "succeeded")
    there = done.evidence("deliver-dev")
    assert set(there) == {*VERIFY, *TRAIN, *PACKAGE, PLAN, *DELIVER}
    assert set(there) == {each["stage"] for each in json.loads(ran.stdout)["stages"]}
    for stage in there:
        found, wanted = subject(there[stage]), subject(here.evidence(stage))
        if stage in DELIVER:  # their measures are times, and MLflow's notes lie beside the model
            for each in (found, wanted):
                each["metrics"] = {}
                each["details"].pop("sha256")
        assert_same(found, wanted, stage)
    published = here.path / ".gleis" / "out" / "publication.json"
    digest = json.loads(published.read_text())["digest"]
    found = [json.loads(path.read_text()) for path in done.artifacts.rglob("publication.json")]
    assert {each["digest"] for each in found} == {digest}
    assert digest in mine.release("dev")
    assert digest in theirs.release("dev")


def test_a_pull_request_registers_nothing_and_its_faults_are_shown_at_their_lines(
    act: Act, fresh: Repo, tmp_path: Path
) -> None:
    payload = pushed(fresh) | {"pull_request": {"number": 7}, "number": 7}
    fresh.edit("src/tumour_screening/files.py", "import hashlib\n", "import hashlib\nimport sys\n")
    git(fresh.path, "commit", "--quiet", "--all", "--message", "Import what is not used")

    done = act.run(fresh, "pull_request", payload)

    assert done.code != 0
    assert done.verdicts == {"verify": "failed", "train": "succeeded"}
    assert "register" not in done.evidence("train")
    assert done.evidence("verify")["lint"]["verdict"] == "failed"
    assert re.search(r"::error file=src/tumour_screening/files\.py,line=\d+,", done.output)
    assert "### gleis run: failed" in done.output  # the summary, which act prints


def test_drift_retrains_by_the_scheduled_workflow(
    act: Act, without_image: Repo, tmp_path: Path
) -> None:
    repo = without_image
    deliver_to(repo, "local", workflow="schedule.yml")
    payload = pushed(repo) | {"action": "drift"}

    done = act.run(
        repo,
        "repository_dispatch",
        payload,
        workflow="schedule.yml",
        tracking=tracking_store(repo.path, tmp_path / "tracking"),
    )

    assert done.code == 0, done.output[-6000:]
    assert done.verdicts == dict.fromkeys(("verify", "train", "watch"), "succeeded")
    assert done.evidence("train")["register"]["verdict"] == "passed"
