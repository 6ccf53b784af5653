"""Writing that never leaves half a file: a reader sees the old content or the new one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to `path`, which takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path` at once or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON that every reader understands (NaN is refused)."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    write(path, text.encode() + b"\n")


def read_json(path: Path, made_by: str) -> Any:
    """The content of a JSON file; `made_by` says which stage makes it, in case it is not there."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise missing(path, made_by) from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}): run the stage {made_by} again") from None


def missing(path: Path, made_by: str) -> InputError:
    """The error for a file that an earlier stage should have made."""
    return InputError(f"{path} is missing: run `gleis run --stage {made_by}` first")


def sha256(path: Path) -> str:
    """Hash of the bytes of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Make the disk hold what was written (folders cannot be opened on every system)."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
