"""The one accessor for the data that `gleis` needs at run time.

In a checkout the data lies where people edit it (`schemas/`, `ci/`, `docs/sops/` …); in the wheel
it lies under `gleis/_data/` with the same relative names. Nobody else may know the difference.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_PACKED = PACKAGE / "_data"
_CHECKOUT = PACKAGE.parent.parent


def root() -> Path:
    """The folder that the data's names are relative to."""
    return _PACKED if _PACKED.is_dir() else _CHECKOUT


def in_checkout() -> bool:
    """Whether this is the platform's own checkout (not an installed wheel)."""
    return not _PACKED.is_dir()


def path(relative: str) -> Path:
    """Where the packed file or folder `relative` (such as `schemas/project.schema.json`) is.

    Raises FileNotFoundError, naming it, when this installation does not carry it.
    """
    found = root() / relative
    if not found.exists():
        raise FileNotFoundError(
            f"{relative} is not part of this gleis installation ({root()}): reinstall gleis"
        )
    return found
