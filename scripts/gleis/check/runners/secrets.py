"""detect-secrets (the fork that Checkov brings), behind this one adapter.

The files go to a small worker in the check environment as copies without their names. The worker
answers with kinds, lines and hashes: a secret itself never leaves it.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gleis import tools
from gleis.check.inputs import Collected, provides
from gleis.check.runners.environment import CheckEnvironment
from gleis.check.tree import CannotCheck, Reader
from gleis.tools.environments import Environment
from gleis.tools.errors import ToolFailed, ToolTimeout

TIMEOUT = 120.0  # seconds
WORKER = Path(__file__).parent.parent / "workers" / "scan_secrets.py"
# Written by machines and full of hashes; what is a secret in them came from a file that is read.
_LOCK = re.compile(r".+\.lock|package-lock\.json|npm-shrinkwrap\.json|go\.sum|.+\.lock\.hcl")
# Tables of data: too large to be read line by line and no place where people keep keys.
_DATA = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".geojson"})


@dataclass(frozen=True)
class Secret:
    """Something that looks like a secret. `digest` tells it from others without giving it away."""

    file: str
    line: int
    kind: str
    digest: str


@provides(slow=True)
def secrets(reader: Reader, check_environment: CheckEnvironment) -> Collected[Secret]:
    """What looks like a secret in any text file of the repo. Raises CannotCheck."""
    texts: dict[str, bytes] = {}
    unreadable = []
    for path in reader.files(lambda path: not _LOCK.fullmatch(PurePosixPath(path).name)):
        if reader.is_link(path):
            continue  # what it points to is read under its own name, or is not the repo's
        try:
            if not reader.is_binary(path) and (raw := reader.read(path)):
                texts[path] = raw
        except CannotCheck as error:
            if PurePosixPath(path).suffix.lower() not in _DATA:
                unreadable.append(error)
    return Collected(scan(check_environment.get(), texts) if texts else (), tuple(unreadable))


def scan(environment: Environment, texts: dict[str, bytes]) -> tuple[Secret, ...]:
    """Secrets in `texts` (bytes by path). Raises CannotCheck when there is no answer."""
    with tempfile.TemporaryDirectory(prefix="gleis-secrets-") as name:
        folder = Path(name)
        names = {}
        for index, (path, raw) in enumerate(texts.items()):
            suffix = PurePosixPath(path).suffix
            copy = f"f{index}{suffix if re.fullmatch(r'[.][A-Za-z0-9]{1,10}', suffix) else ''}"
            text = raw.decode("utf-8", errors="replace")
            (folder / copy).write_text(text, encoding="utf-8", newline="")
            names[copy] = path
        try:
            done = tools.run(
                [environment.python, "-IB", WORKER, folder],
                timeout=TIMEOUT,
                cwd=folder,
                env=tools.clean_env(HOME=str(folder)),
                check=True,
            )
            answer = json.loads(done.stdout)
        except (ToolTimeout, ToolFailed) as error:
            raise CannotCheck(f"detect-secrets gave no answer: {error}") from error
        except ValueError:
            raise CannotCheck("detect-secrets gave an answer that is not JSON") from None
    if answer["scanned"] != len(texts):
        raise CannotCheck(f"detect-secrets read {answer['scanned']} of {len(texts)} files")
    return tuple(
        sorted(
            (
                Secret(names[each["file"]], each["line"], each["kind"], each["digest"])
                for each in answer["secrets"]
            ),
            key=lambda secret: (secret.file, secret.line, secret.kind),
        )
    )
