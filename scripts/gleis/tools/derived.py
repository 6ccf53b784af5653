"""Files that are rendered from others and committed: written, or held against what is committed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gleis.tools.files import write_atomic

_SHOWN_LINES = 20  # of a textual difference: enough to find the place


@dataclass(frozen=True)
class Difference:
    """A committed file that is not what it is rendered from, and in which words."""

    system: str  # what the file is for: a CI system, or terraform
    file: str
    message: str


def write(root: Path, wanted: Mapping[str, str]) -> list[str]:
    """Write `wanted` (name below `root` => text); returns the names of those that changed.

    Raises WriteFailed.
    """
    changed = []
    for name, text in wanted.items():
        path = root / name
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text)
            changed.append(name)
    return changed


def differences(root: Path, wanted: Mapping[str, str], system: str) -> list[Difference]:
    """How the committed files differ from `wanted`; `system` is what they are for."""
    found, lost = read(root, wanted, system)
    return lost + changed(found, wanted, system)


def read(
    root: Path, wanted: Mapping[str, str], system: str
) -> tuple[dict[str, str], list[Difference]]:
    """The committed text of each file that `wanted` names, and those that cannot be read."""
    found: dict[str, str] = {}
    lost: list[Difference] = []
    for name in wanted:
        try:
            found[name] = (root / name).read_bytes().decode()
        except FileNotFoundError:
            lost.append(Difference(system, name, "missing"))
        except (OSError, UnicodeDecodeError) as error:
            lost.append(Difference(system, name, f"cannot be read: {error}"))
    return found, lost


def changed(found: Mapping[str, str], wanted: Mapping[str, str], system: str) -> list[Difference]:
    """The files whose text is not the wanted one, each with the first lines that differ."""
    return [
        Difference(system, name, _text(text, wanted[name]))
        for name, text in found.items()
        if text != wanted[name]
    ]


def _text(found: str, wanted: str) -> str:
    lines = list(
        difflib.unified_diff(
            found.splitlines(), wanted.splitlines(), "committed", "rendered", n=1, lineterm=""
        )
    )
    more = len(lines) - _SHOWN_LINES
    rest = [f"… and {more} more lines"] if more > 0 else []
    return "\n".join(["differs in its text:", *lines[:_SHOWN_LINES], *rest])
