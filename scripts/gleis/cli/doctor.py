"""Show the outside tools: what is there, what is too old or missing, and how to get it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from gleis.tools.catalogue import TOOLS, State, Status, how_to_get, status

_OK, _TOOL_MISSING = 0, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when every required tool works, 3 when one does not."""
    found = [status(tool) for tool in TOOLS]
    healthy = is_healthy(found)
    if args.json:
        print(json.dumps({"ok": healthy, "tools": [as_dict(one) for one in found]}, indent=2))
    else:
        _print_table(found)
        print(verdict(found))
    return _OK if healthy else _TOOL_MISSING


def is_healthy(found: Sequence[Status]) -> bool:
    """Whether every required tool is there, runs and is new enough."""
    return all(one.state == "ok" or not one.tool.required for one in found)


def verdict(found: Sequence[Status]) -> str:
    """The closing line: what must be mended, or that nothing must."""
    wrong = [one.tool.name for one in found if one.tool.required and one.state != "ok"]
    if wrong:
        return f"required and not usable: {', '.join(wrong)}"
    absent = [one.tool.name for one in found if one.state != "ok"]
    rest = f"; optional ones that are not: {', '.join(absent)}" if absent else ""
    return f"every required tool is usable{rest}"


def as_dict(one: Status) -> dict[str, object]:
    """One tool as `--json` shows it."""
    return {
        "name": one.tool.name,
        "state": one.state,
        "version": one.version,
        "minimum": one.tool.minimum,
        "required": one.tool.required,
        "path": str(one.path) if one.path else None,
        "why": one.tool.why,
        "neededBy": list(one.tool.needed_by),
        "install": dict(one.tool.install),
    }


def row(one: Status) -> tuple[str, str, str, str, str]:
    """One tool as the table shows it: name, version, state, who needs it, how to get it."""
    need = "" if one.tool.required else " (optional)"
    version = one.version or "-"
    if one.tool.minimum:
        version += f" (>= {one.tool.minimum})"
    advice = "" if one.state == "ok" else how_to_get(one.tool)
    return (one.tool.name, version, one.state + need, ", ".join(one.tool.needed_by), advice)


def _print_table(found: Sequence[Status]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colour: dict[State, str] = {"ok": "green", "too old": "red", "missing": "red", "broken": "red"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("tool", "version", "state", "needed by", "how to get it"):
        table.add_column(heading, overflow="fold")
    for one in found:
        name, version, state, needed_by, advice = row(one)
        style = colour[one.state] if one.tool.required or one.state == "ok" else "yellow"
        table.add_row(name, version, Text(state, style=style), needed_by, advice)
    # A pipe has no width: 80 columns would fold the words that one greps for.
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False).print(table)
