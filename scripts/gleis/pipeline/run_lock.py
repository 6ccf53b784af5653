"""One run at a time in a project.

The lock is held through an open file that the workers inherit, so it is free only when the last of
a run's processes is gone, also after `kill -9`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from gleis.errors import GleisError

_PATIENCE = 5.0  # seconds that the processes of a killed run get to disappear


class Busy(GleisError):
    """Another run is at work in this project."""


@contextlib.contextmanager
def held(root: Path) -> Iterator[int]:
    """Hold the project's run lock; yields the open file that workers inherit. Raises Busy."""
    folder = root / ".gleis"
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                    raise Busy(
                        f"another gleis run (process {holder or 'unknown'}) is at work in {root}. "
                        "Wait for it, or end it and run again: nothing is lost"
                    ) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)
