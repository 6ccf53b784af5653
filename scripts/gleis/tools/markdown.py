"""Pieces of Markdown that pages are rendered from: tables, and text that is safe in their cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]+`|\b[a-z]+(?:_[a-z]+)+\b)")
_MARKED = re.compile(r"([\\*_|\[\]`])")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """`text` as code in a cell; a pipe would end the cell."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def prose(text: str) -> str:
    """`text` in a cell: names as code, and what Markdown would take for itself escaped."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(
        code(part.strip("`"))
        if _CODE.fullmatch(part)
        else _MARKED.sub(r"\\\1", part).replace("&", "&amp;").replace("<", "&lt;")
        for part in parts
    )
