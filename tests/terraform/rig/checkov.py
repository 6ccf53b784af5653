"""Checkov on Terraform code, in the environment of `gleis check`: nothing is downloaded.

A run takes half a minute, so its answer is kept for as long as no file changes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis import tools
from gleis.tools import environments

from .green import Kept
from .tree import REPO

LOCK = REPO / "requirements" / "check.lock"
TIMEOUT = 400.0  # seconds; 30 on an idle machine


@dataclass(frozen=True, order=True)
class Result:
    """What one check says of one resource; `reason` is that of the comment which skips it."""

    check: str
    file: str
    resource: str
    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.check} {self.file} {self.resource}: {self.name}"


@dataclass(frozen=True)
class Scan:
    passed: frozenset[Result]
    failed: frozenset[Result]
    skipped: frozenset[Result]
    unread: tuple[str, ...]


def scan(tree: Path, checks: Sequence[str] = ()) -> Scan:
    """What Checkov says of every module and stack below `tree`, tests and examples apart.

    `checks` are the only ones to run; all of them when there are none. Files are told by their path
    below `tree`.
    """
    files = {path.relative_to(tree).as_posix(): path for path in _files(tree)}
    texts = [f"{name}\0{path.read_text()}" for name, path in sorted(files.items())]
    kept = Kept("checkov", LOCK.read_text(), *checks, *texts)
    said = kept.read()
    if said is None:
        said = _run(files, checks)
        kept.keep(said)
    data = json.loads(said)
    return Scan(
        *(frozenset(_results(data, kind)) for kind in ("passed", "failed", "skipped")),
        tuple(data["results"]["parsing_errors"]),
    )


def _files(tree: Path) -> Iterator[Path]:
    for path in tree.rglob("*.tf"):
        parts = path.relative_to(tree).parts
        if not {"tests", "examples", ".terraform"} & set(parts):
            yield path


def _run(files: dict[str, Path], checks: Sequence[str]) -> str:
    environment = environments.ensure(LOCK, name="check")
    with tempfile.TemporaryDirectory(prefix="gleis-checkov-") as name:
        home = Path(name)
        for file, path in files.items():
            (home / "tree" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, home / "tree" / file)
        argv: list[str | Path] = [environment.python, "-IB", "-m", "checkov.main"]
        argv += ["--directory", home / "tree", "--framework", "terraform"]
        argv += ["--output", "json", "--compact", "--skip-download", "--soft-fail"]
        if checks:
            argv += ["--check", ",".join(checks)]
        env = {
            key: value
            for key, value in tools.clean_env(HOME=str(home), LOG_LEVEL="ERROR").items()
            if not key.startswith(("BC_", "CKV_", "CHECKOV_", "PRISMA_"))
        }
        done = tools.run(argv, timeout=TIMEOUT, cwd=home, env=env)
    data = json.loads(done.stdout)
    assert isinstance(data, dict), f"Checkov read no Terraform: {done.stdout[:300]}{done.stderr}"
    # Of what Checkov says, what we read; the rest names this run's folders.
    return json.dumps(
        {
            "results": {
                kind: [
                    {
                        "check_id": each["check_id"],
                        "file_path": each["file_path"],
                        "resource": each["resource"],
                        "check_name": each["check_name"],
                        "comment": each["check_result"].get("suppress_comment", ""),
                    }
                    for each in data["results"][kind]
                ]
                for kind in ("passed_checks", "failed_checks", "skipped_checks")
            }
            | {"parsing_errors": data["results"]["parsing_errors"]}
        }
    )


def _results(data: Any, kind: str) -> Iterator[Result]:
    """A module that several call is told once, by the name that it has in itself."""
    for each in data["results"][f"{kind}_checks"]:
        resource = each["resource"]
        while resource.startswith("module."):
            resource = resource.split(".", 2)[2]
        file = each["file_path"].lstrip("/")
        yield Result(each["check_id"], file, resource, each["check_name"], each["comment"])
