"""Importing the room costs nothing; its names come on first use."""

from __future__ import annotations

import sys

import pytest

from gleis import tools
from gleis.tools.process import run


def test_importing_the_room_loads_no_heavy_module() -> None:
    code = (
        "import sys; before = set(sys.modules); import gleis.tools;"
        "print(sorted(set(sys.modules) - before))"
    )

    done = run([sys.executable, "-P", "-c", code], timeout=30)

    new = done.stdout
    assert "gleis.tools" in new
    for heavy in ("subprocess", "gleis.tools.process", "json", "dataclasses"):
        assert f"'{heavy}'" not in new


def test_every_name_that_is_promised_is_there() -> None:
    for name in tools.__all__:
        assert getattr(tools, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tools.nothing
