"""Golden files: what a chart made of one case, kept, so that a change of it is seen and reviewed.

GLEIS_GOLDEN=write writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from typing import Any

import yaml

from gleis.tools.files import write_atomic

from .programs import REPO

GOLDEN = REPO / "tests" / "argocd" / "golden"


class _Plain(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _string(dumper: _Plain, value: str) -> yaml.ScalarNode:
    """Scripts, queries and dashboards as blocks of lines, which a reviewer can read."""
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Plain.add_representer(str, _string)


def text(objects: Sequence[Any]) -> str:
    """Objects as the golden files hold them: one document each, keys as they came."""
    written: str = yaml.dump_all(
        objects, Dumper=_Plain, sort_keys=False, explicit_start=True, width=120
    )
    return written


def compare(chart: str, case: str, objects: Sequence[Any]) -> None:
    """Hold what was rendered against the file of this case."""
    file = GOLDEN / chart / f"{case}.yaml"
    wanted = text(objects)
    if os.environ.get("GLEIS_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, wanted)
        return
    found = file.read_text() if file.is_file() else ""
    changed = difflib.unified_diff(
        found.splitlines(),
        wanted.splitlines(),
        str(file.relative_to(REPO)),
        "rendered",
        lineterm="",
    )
    assert found == wanted, "\n".join(
        [*changed, "", "If this change is meant: GLEIS_GOLDEN=write ./dev test tests/argocd"]
    )
