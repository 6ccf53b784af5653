"""The same track with PyTorch: copy, run, run again, check. Without a CPU wheel it is NOT RUN."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Repo, git, make

pytestmark = pytest.mark.needs("torch-cpu-wheel")


@pytest.fixture(scope="module")
def torch_repo(platform_clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A PyTorch repo after one green run."""
    folder = tmp_path_factory.mktemp("torch") / "tumour-screening"
    repo = make(platform_clone, folder, name="tumour-screening", framework="pytorch")
    assert set(repo.run().values()) == {"executed"}
    return repo


def test_a_green_run_ends_with_a_promoted_model_that_is_good(torch_repo: Repo) -> None:
    assert torch_repo.registered() == ["1*"]
    metrics = torch_repo.evidence("evaluate")["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["f1_macro"] >= 0.93
    smoke = torch_repo.evidence("smoke")["details"]
    assert isinstance(smoke, dict)
    assert all(check["ok"] for check in smoke["checks"])


def test_a_regression_is_far_better_than_its_mean(platform_clone: Path, tmp_path: Path) -> None:
    """Whoever predicts the mean for everybody is wrong by 77."""
    repo = make(
        platform_clone,
        tmp_path / "disease-progress",
        name="disease-progress",
        framework="pytorch",
        task="regression",
        serving="batch",
    )
    repo.run("--until", "evaluate")
    metrics = repo.evidence("evaluate")["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["rmse"] < 58


def test_the_second_run_executes_nothing_and_git_sees_nothing(torch_repo: Repo) -> None:
    assert set(torch_repo.run().values()) == {"unchanged"}
    assert git(torch_repo.path, "status", "--porcelain") == ""


def test_the_procedures_have_no_finding(torch_repo: Repo) -> None:
    done = torch_repo.gleis("check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["findings"] == []


def test_nothing_that_was_stored_is_a_pickle(torch_repo: Repo) -> None:
    stored = [path for path in (torch_repo.path / ".gleis").rglob("*") if path.is_file()]
    assert [path for path in stored if path.name == "model.safetensors"]
    pickles = [
        path
        for path in stored
        if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".joblib")
        or path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    ]
    assert pickles == []


def test_a_changed_lock_of_torch_is_another_environment(torch_repo: Repo) -> None:
    lock = torch_repo.path / "requirements-torch.lock"
    before = lock.read_bytes()
    lock.write_bytes(before + b"# looked at\n")
    try:
        done = torch_repo.gleis("run", "--dry-run", "--json")
    finally:
        lock.write_bytes(before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "environment changed" in done.stdout
