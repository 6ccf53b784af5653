"""What pods run before and after the model, with a project's own Python and a real registry."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from gleis.tools import environments, process

from .rig.programs import REPO
from .services import pod, rendered

pytestmark = pytest.mark.long  # a project's environment, and MLflow's database from scratch
MODEL = b"what was trained"
DIGEST = hashlib.sha256(MODEL).hexdigest()
REGISTER = """
import pathlib, sys, mlflow
folder = pathlib.Path(sys.argv[1])
mlflow.set_experiment("bearing-wear")
with mlflow.start_run() as run:
    mlflow.log_artifacts(str(folder), "release")
client = mlflow.MlflowClient()
client.create_registered_model("bearing-wear")
source = f"runs:/{run.info.run_id}/release"
client.create_model_version("bearing-wear", source, run_id=run.info.run_id)
"""


def script(service: str, container: str) -> str:
    """What `python -c` of a container is given."""
    spec = pod(rendered(service))
    (found,) = [
        each for each in [*spec["initContainers"], *spec["containers"]] if each["name"] == container
    ]
    assert found["command"][:2] == ["python", "-c"]
    text: str = found["command"][2]
    return text


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of a project's image: the same lock."""
    return environments.ensure(REPO / "requirements" / "sklearn.lock", name="project").python


@pytest.fixture(scope="module")
def registry(python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that finds bearing-wear v1 in MLflow."""
    home = tmp_path_factory.mktemp("mlflow")
    release = home / "release"
    release.mkdir()
    (release / "model.skops").write_bytes(MODEL)
    (release / "model.json").write_text("{}")
    env = process.clean_env(
        MLFLOW_TRACKING_URI=f"sqlite:///{home}/mlflow.db",
        MLFLOW_DISABLE_TELEMETRY="true",
        GIT_PYTHON_REFRESH="quiet",
        HOME=str(home),
    )
    process.run([python, "-c", REGISTER, release], timeout=300, cwd=home, env=env, check=True)
    return env


def fetch(
    python: Path, registry: dict[str, str], promoted: str, into: Path, version: str = "1"
) -> subprocess.CompletedProcess[str]:
    code = script("online-prod", "fetch-model")
    argv = [str(python), "-c", code, "bearing-wear", version, promoted, str(into)]
    return subprocess.run(
        argv, env=registry, cwd=into, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def test_the_promoted_model_is_fetched_and_the_mounted_folder_left_as_it_is(
    python: Path, registry: dict[str, str], tmp_path: Path
) -> None:
    tmp_path.chmod(0o2777)  # as Kubernetes mounts an empty volume
    done = fetch(python, registry, DIGEST, tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.skops").read_bytes() == MODEL
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.json", "model.skops"]
    assert tmp_path.stat().st_mode & 0o7777 == 0o2777


def test_a_model_that_was_changed_in_the_registry_never_starts(
    python: Path, registry: dict[str, str], tmp_path: Path
) -> None:
    done = fetch(python, registry, "0" * 64, tmp_path)

    assert done.returncode == 1
    assert f"bearing-wear v1 is {DIGEST} in the registry, not {'0' * 64}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_predictions_are_sent_whole_to_where_they_shall_be(python: Path, tmp_path: Path) -> None:
    written = tmp_path / "predictions.parquet"
    written.write_bytes(os.urandom(3_000_000))
    address = f"file://{tmp_path}/sent.parquet"
    argv = [python, "-c", script("batch-store", "send"), written, address]
    done = process.run(argv, timeout=120, cwd=tmp_path, env=process.clean_env())

    assert done.ok, done.stderr
    assert (tmp_path / "sent.parquet").read_bytes() == written.read_bytes()
    assert "3000000 bytes written to file://" in done.stdout
