"""Whether a stage has to run: what it reads, hashed, against what its evidence says it read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.contract.project import Project
from gleis.evidence import Record
from gleis.pipeline.graph import Stage, field_of
from gleis.tools.files import sha256

# Never inputs: version control, caches, and what earlier runs made (unless a glob names it).
_SKIPPED = frozenset({".git", ".gleis", "__pycache__", ".venv", "node_modules"})
EVERYTHING = "**/*"
_STATE = {"tracking": ".gleis/mlflow.db", "release": ".gleis/releases/current"}


@dataclass(frozen=True)
class Reading:
    """What a stage reads: files (path → SHA-256), contract fields, and the versions around it."""

    inputs: dict[str, str]
    parameters: dict[str, Any]
    versions: dict[str, str]

    @property
    def key(self) -> str:
        """One hash over everything read."""
        said = [self.inputs, self.parameters, self.versions]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read(
    stage: Stage, root: Path, project: Project, versions: dict[str, str], repo: tuple[str, ...]
) -> Reading:
    """Hash what `stage` reads now. `repo` names the files of the repo, for the glob `**/*`."""
    files = matching(root, stage.inputs, repo)
    return Reading(
        {name: sha256(root / name) for name in files},
        {name: field_of(project, name) for name in stage.contract},
        versions,
    )


def outputs(stage: Stage, root: Path) -> dict[str, str]:
    """What `stage` has written: path → SHA-256."""
    return {name: sha256(root / name) for name in matching(root, stage.outputs)}


def why_stale(stage: Stage, root: Path, reading: Reading, record: Record | None) -> str:
    """Why the stage has to run, in words; empty when nothing changed."""
    if stage.always:
        return "asks the world outside of the repo"
    if record is None:
        return "has not run yet"
    if not record.passed:
        return f"{record.verdict} last time"
    if record.key != reading.key:
        return _difference(reading, record)
    for name, digest in record.outputs.items():
        file = root / name
        if not file.is_file():
            return f"{name} is gone"
        if sha256(file) != digest:
            return f"{name} was changed since"
    for name in stage.state:
        if name == "tracking" and os.environ.get("MLFLOW_TRACKING_URI"):
            continue  # a server keeps it; asking it would cost more than the answer is worth
        if not (root / _STATE[name]).exists():
            return f"{_STATE[name]} is gone"
    return ""


def matching(root: Path, globs: Iterable[str], repo: tuple[str, ...] = ()) -> list[str]:
    """Relative POSIX names of the regular files that `globs` match, sorted.

    `**/*` means the files of the repo, so that what git ignores is no input by accident; a glob
    that names a folder finds ignored files too, because data often is. Symlinks count only where
    they stay inside the project.
    """
    real_root = root.resolve()
    found: set[str] = set()
    for glob in globs:
        if glob == EVERYTHING:
            paths: Iterable[Path] = (root / name for name in repo)
        else:
            paths = root.glob(glob)
        for path in paths:
            parts = path.relative_to(root).parts
            if _SKIPPED.intersection(parts) and not glob.startswith(".gleis/"):
                continue
            if not path.is_file():
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(real_root):
                continue
            found.add("/".join(parts))
    return sorted(found)


def _difference(reading: Reading, record: Record) -> str:
    pairs = (
        (record.inputs, reading.inputs),
        (record.parameters, reading.parameters),
        (record.versions, reading.versions),
    )
    for before, now in pairs:
        for name in sorted({*before, *now}):
            if before.get(name) != now.get(name):
                what = (
                    "changed"
                    if name in before and name in now
                    else ("is new" if name in now else "is gone")
                )
                return f"{name} {what}"
    return "the way it is keyed changed"
