"""What every benchmark measures with: CPU and wall time, and one line per promise."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLEIS = [sys.executable, "-P", "-m", "gleis"]


def cpu_seconds(argv: list[str]) -> float:
    """CPU time (user + system) of one process and its children."""
    before = os.times()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def wall_seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def line(what: str, measured: str, bound: str, ok: bool) -> None:
    print(f"{'ok  ' if ok else 'MISS'} {what:<44} {measured:<34} bound {bound}", flush=True)
