"""The model registry as the platform uses it: register once, find the champion, move an alias.

Everything here is safe to repeat: killed after any line, the same call again ends the same way.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

RELEASE = "release"  # the run's artifact folder that `train` stores the model folder under


def _client() -> Any:
    import logging

    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    uri = (
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('.gleis/mlflow.db').absolute()}"
    )
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient()


def register(
    name: str, train: dict[str, Any], metrics: dict[str, Any], tags: dict[str, Any]
) -> dict[str, Any]:
    """Register the run's model as a version of `name` with the alias `challenger`, once per run.

    Refuses a model whose bytes in the store are not the ones that were evaluated.
    """
    from mlflow.exceptions import MlflowException

    client = _client()
    stored = _stored_sha256(client, train["run_id"])
    if stored != metrics["model_sha256"]:
        raise ValueError(
            f"run {train['run_id']} stores model {stored[:12]}, but {metrics['model_sha256'][:12]} "
            "was evaluated: run `gleis run --from train`"
        )
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    known = client.search_model_versions(f"name = '{name}' and run_id = '{train['run_id']}'")
    version = (
        known[0]
        if known
        else client.create_model_version(
            name, train["model_uri"], run_id=train["run_id"], tags=tags
        )
    )
    client.set_registered_model_alias(name, "challenger", version.version)
    return {
        "name": name,
        "version": str(version.version),
        "alias": "challenger",
        "run_id": train["run_id"],
        "model_sha256": metrics["model_sha256"],
        "uri": f"models:/{name}/{version.version}",
    }


def champion(name: str, into: str) -> dict[str, Any] | None:
    """The champion of `name` with its model folder fetched to `into`; None if there is none."""
    client = _client()
    version = _alias(client, name, "champion")
    if version is None:
        return None
    folder = fetch(version.run_id, into)
    return {"version": str(version.version), "run_id": version.run_id, **folder}


def fetch(run_id: str, into: str) -> dict[str, Any]:
    """Copy the model folder of a run to `into`, whole or not at all."""
    client = _client()
    target = Path(into)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
        fetched = Path(client.download_artifacts(run_id, RELEASE, scratch))
        for file in fetched.rglob("*"):
            if file.is_file():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
        if target.exists():
            shutil.rmtree(target)
        fetched.rename(target)
    return {"folder": into, "model_sha256": _model_sha256(target)}


def promote(
    name: str, version: str, expected: str | None, alias: str = "champion"
) -> dict[str, Any]:
    """Give `version` the alias. The champion must still be `expected` (or `version` already).

    Another alias than `champion` follows what runs in its environment; nothing is compared with it.
    """
    client = _client()
    current = _alias(client, name, alias)
    now = str(current.version) if current else None
    guarded = alias == "champion"
    if guarded and now not in (expected, version):
        return {"refused": now}
    client.set_registered_model_alias(name, alias, version)
    return {
        "name": name,
        "version": version,
        "alias": alias,
        "previous": expected if guarded and now == version else (None if now == version else now),
    }


def _alias(client: Any, name: str, alias: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _stored_sha256(client: Any, run_id: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        return _model_sha256(Path(client.download_artifacts(run_id, RELEASE, scratch)))


def _model_sha256(folder: Path) -> str:
    """Hash of the one file that lies beside `model.json`; frameworks differ in its name."""
    files = [path for path in folder.iterdir() if path.is_file() and path.name != "model.json"]
    if len(files) != 1:
        names = ", ".join(sorted(path.name for path in files)) or "nothing"
        raise ValueError(f"one model file was expected beside model.json, found {names}")
    return hashlib.sha256(files[0].read_bytes()).hexdigest()
