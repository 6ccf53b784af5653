"""The locks that a project's environment is made from, and that environment.

`requirements.lock` holds what a package index has; `requirements-torch.lock`, where there is one,
holds wheels that are looked for in folders only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gleis.contract.platform import Platform
from gleis.errors import GleisError
from gleis.tools.environments import Environment, ensure, locks_sha256

LOCK = "requirements.lock"
TORCH_LOCK = "requirements-torch.lock"


def of(root: Path) -> tuple[Path, ...]:
    """The locks that `root` has, the main one first; empty where that one is missing."""
    if not (root / LOCK).is_file():
        return ()
    return tuple(root / name for name in (LOCK, TORCH_LOCK) if (root / name).is_file())


def digest(root: Path) -> str:
    """One SHA-256 over the locks of `root`; empty where it has none."""
    return locks_sha256(of(root)) if of(root) else ""


def environment(
    root: Path, platform: Platform, progress: Callable[[str], None] | None = None
) -> Environment:
    """The environment of the project (or the release) in `root`, made when it is not there yet."""
    if not of(root):
        raise GleisError(
            f"{LOCK} is missing in {root}: the project's environment is made from it. "
            f"Bring it back with `git checkout -- {LOCK}`"
        )
    lock, *extra = of(root)
    return ensure(
        lock, name="project", progress=progress, extra=extra, find_links=(platform.wheels.torch,)
    )
