"""Checkov, behind this one adapter.

It never sees the repo: the Dockerfiles that were read go into a folder of our own, so that a
`.checkov.yaml` in a stranger's repo (which may name code to load) is never found. Nothing is
downloaded, and only the checks that an SOP's page names are run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis import resources, tools
from gleis.check.catalogue import Sop
from gleis.check.inputs import Collected, provides
from gleis.check.runners.environment import CheckEnvironment
from gleis.check.tree import CannotCheck, Text
from gleis.tools.environments import Environment
from gleis.tools.errors import ToolFailed, ToolTimeout

TIMEOUT = 120.0  # seconds; a cold start on a busy machine takes 15
POLICIES = "ci/checkov"
# Every Dockerfile gets a result of these, whatever it holds: none means that it was not parsed, or
# that our policies were not loaded.
CANARY = "CKV_DOCKER_3"
OURS = "CKV_GLEIS_DOCKER_"


@dataclass(frozen=True)
class CheckovResult:
    """A check that failed on a file, or that a comment in the file skips."""

    check: str
    name: str
    file: str
    line: int
    skipped: bool = False


@provides(slow=True)
def checkov_docker(
    dockerfiles: Collected[Text],
    catalogue: Mapping[str, Sop],
    check_environment: CheckEnvironment,
) -> Collected[CheckovResult]:
    """What the Dockerfiles break of the checks that SOPs name. Raises CannotCheck."""
    if not dockerfiles.items:
        return Collected((), dockerfiles.unreadable)
    chosen = sorted({check for sop in catalogue.values() for check in sop.check_ids})
    found = run(check_environment.get(), dockerfiles.items, chosen)
    return Collected(found.items, (*dockerfiles.unreadable, *found.unreadable))


def run(
    environment: Environment, files: Sequence[Text], checks: Sequence[str]
) -> Collected[CheckovResult]:
    """Run Checkov's Dockerfile checks on `files`. Raises CannotCheck when it gives no answer."""
    with tempfile.TemporaryDirectory(prefix="gleis-checkov-") as name:
        home = Path(name)
        names = {}
        for index, text in enumerate(files):
            folder = home / "files" / f"f{index}"
            folder.mkdir(parents=True)
            (folder / "Dockerfile").write_text(text.text, encoding="utf-8", newline="")
            names[f"/f{index}/Dockerfile"] = text
        try:
            done = tools.run(
                _argv(environment, home / "files", checks),
                timeout=TIMEOUT,
                cwd=home,
                env=_env(home),
            )
        except (ToolTimeout, ToolFailed) as error:
            raise CannotCheck(f"Checkov gave no answer: {error}") from error
    always = {check for check in checks if check == CANARY or check.startswith(OURS)}
    return _results(_parsed(done), names, always)


def _argv(environment: Environment, folder: Path, checks: Sequence[str]) -> list[str | Path]:
    argv: list[str | Path] = [environment.python, "-IB", "-m", "checkov.main"]
    argv += ["--directory", folder, "--framework", "dockerfile", "--check", ",".join(checks)]
    argv += ["--external-checks-dir", resources.path(POLICIES)]
    return [*argv, "--output", "json", "--compact", "--skip-download", "--soft-fail"]


def _env(home: Path) -> dict[str, str]:
    """No keys of the user's, a home without configuration, no traffic."""
    env = tools.clean_env(HOME=str(home), LOG_LEVEL="ERROR")
    return {
        name: value
        for name, value in env.items()
        if not name.startswith(("BC_", "CKV_", "CHECKOV_", "PRISMA_"))
    }


def _parsed(done: tools.Completed) -> Mapping[str, Any]:
    try:
        data = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise CannotCheck(
            f"Checkov ended with exit code {done.returncode} and said: {said[0]}"
        ) from None
    if isinstance(data, list):
        data = data[0] if len(data) == 1 else {}
    return data if isinstance(data, dict) else {}


def _results(
    data: Mapping[str, Any], names: Mapping[str, Text], always: set[str]
) -> Collected[CheckovResult]:
    results = data.get("results", {})
    seen: dict[str, set[str]] = {}
    found = []
    for kind in ("passed_checks", "failed_checks", "skipped_checks"):
        for record in results.get(kind, ()):
            text = names[record["file_path"]]
            seen.setdefault(text.path, set()).add(record["check_id"])
            if kind != "passed_checks":
                found.append(_result(record, text, kind == "skipped_checks"))
    silent = [text.path for text in names.values() if not always <= seen.get(text.path, set())]
    why = "Checkov could not parse it as a Dockerfile"
    return Collected(tuple(found), tuple(CannotCheck(why, path) for path in silent))


def _result(record: Mapping[str, Any], text: Text, skipped: bool) -> CheckovResult:
    line = max(1, record["file_line_range"][0])
    if skipped:
        line = text.find(rf"checkov:skip\s*=\s*{record['check_id']}\b") or line
    return CheckovResult(record["check_id"], record["check_name"], text.path, line, skipped)
