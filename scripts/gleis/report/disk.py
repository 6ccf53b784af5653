"""Whether the files that the evidence names are still on disk as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from gleis.report.model import Digest

SIZE_LIMIT = 64 << 20  # bytes; hashing more would make the report slow
FILES_LIMIT = 150


def compare(root: Path, subjects: Iterable[Digest]) -> dict[Digest, str]:
    """For each subject `same`, `differs`, `gone`, or `unchecked` (a folder, too large, outside)."""
    home = root.resolve()
    return {s: _state(home, s) for s in list(dict.fromkeys(subjects))[:FILES_LIMIT]}


def _state(home: Path, subject: Digest) -> str:
    try:
        path = (home / subject.name).resolve()
        if not subject.name or not path.is_relative_to(home):
            return "unchecked"
        if not path.exists():
            return "gone"
        if not path.is_file() or path.stat().st_size > SIZE_LIMIT:
            return "unchecked"
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError, RuntimeError):
        return "unchecked"
    return "same" if found == subject.sha256 else "differs"
