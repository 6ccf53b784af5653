"""Every training is a run in MLflow: on the server in MLFLOW_TRACKING_URI, else below `.gleis/`."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from . import files
from .contract import WORK
from .errors import InputError

DATABASE = WORK / "mlflow.db"

# Nothing about a run is sent to anybody, and a server that is away is noticed within seconds.
_SWITCHES = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "GIT_PYTHON_REFRESH": "quiet",
}


def tracking_uri() -> str:
    """Where runs are kept."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _local()


def shown_uri() -> str:
    """The same, without a password that stands in it: this is what is written to files."""
    return _without_password(tracking_uri())


@contextmanager
def run(experiment: str, name: str, tags: Mapping[str, str | None]) -> Iterator[str]:
    """A run of `experiment` that is active inside the block; gives its id.

    Runs that an earlier, killed training of this checkout left open are closed as KILLED.
    """
    with _mlflow() as mlflow:
        known = mlflow.get_experiment_by_name(experiment)
        if known is None:
            key = mlflow.create_experiment(experiment, artifact_location=_artifacts())
        else:
            key = known.experiment_id
        _close_abandoned(mlflow, key)
        given = {tag: value for tag, value in tags.items() if value is not None}
        given |= {"gleis.pipeline": "train", "gleis.checkout": _checkout()}
        with mlflow.start_run(experiment_id=key, run_name=name, tags=given) as active:
            yield active.info.run_id


def record(
    params: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    *,
    run_id: str | None = None,
) -> None:
    """Add to the active run, or to the run `run_id`."""
    with _mlflow() as mlflow:
        mlflow.log_params(dict(params or {}), run_id=run_id)
        mlflow.log_metrics(dict(metrics or {}), run_id=run_id)
        for tag, value in (tags or {}).items():
            mlflow.set_tag(tag, value)


def keep(directory: Path) -> None:
    """Store the files of `directory` with the active run, as `release`: what is deployed later."""
    with _mlflow() as mlflow:
        mlflow.log_artifacts(str(directory), "release")


def git_commit() -> str | None:
    """The commit that is checked out, or None outside a repository."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "HEAD"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@contextmanager
def _mlflow() -> Iterator[ModuleType]:
    """MLflow, pointed at the right place and quiet; its errors in one line."""
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError  # what MLflow lets through when the disk is full

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        uri = tracking_uri()
        if uri == _local() and not DATABASE.exists():
            _create(mlflow)
        if mlflow.get_tracking_uri() != uri:
            mlflow.set_tracking_uri(uri)
        yield mlflow
    except (MlflowException, SQLAlchemyError) as error:
        reason = _without_password(str(error).splitlines()[0])[:300]
        raise InputError(f"MLflow at {shown_uri()} does not take the run: {reason}") from error


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", text)


def _local() -> str:
    return f"sqlite:///{DATABASE.resolve()}"


def _create(mlflow: ModuleType) -> None:
    """Make the local database under another name: MLflow cannot go on with a half-made one."""
    with files.replacing(DATABASE) as temporary:
        mlflow.MlflowClient(f"sqlite:///{temporary.resolve()}").search_experiments()


def _artifacts() -> str | None:
    """Where artefacts go: below `.gleis/` here; a server decides for itself."""
    return (WORK / "mlartifacts").resolve().as_uri() if tracking_uri() == _local() else None


def _checkout() -> str:
    """This folder on this machine, as a hash: runs of other people and machines are not ours."""
    return hashlib.sha256(f"{socket.gethostname()}:{Path.cwd()}".encode()).hexdigest()[:16]


def _close_abandoned(mlflow: ModuleType, experiment_id: str) -> None:
    client = mlflow.MlflowClient()
    ours = f"tags.`gleis.pipeline` = 'train' and tags.`gleis.checkout` = '{_checkout()}'"
    for left in client.search_runs([experiment_id], f"attributes.status = 'RUNNING' and {ours}"):
        client.set_terminated(left.info.run_id, status="KILLED")
