"""Explain a stage: when it runs and why, what it reads and writes, and which line says so.

In a project, its contract is taken into account; elsewhere, what every project has in common.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("stage",), help="what to explain")
    parser.add_argument("name", help="its name, such as train")
    parser.add_argument(
        "path", nargs="?", type=Path, help="the project (default: here, if here is one)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from gleis.contract import project
    from gleis.pipeline.explanation import explain

    root = (args.path or Path()).resolve()
    if args.path or (root / project.FILE).is_file():
        explained = explain(args.name, root, project.load(root))
    else:
        explained = explain(args.name)
    if args.json:
        print(json.dumps(asdict(explained), indent=2, default=str))
        return 0
    print(f"{explained.stage}: {explained.title}  ({explained.source})\n\nIt {explained.runs}\n")
    rows = [(fact.name, _shown(fact.value), fact.source) for fact in explained.facts]
    width = max(len(name) for name, _, _ in rows)
    for name, value, source in rows:
        print(f"  {name:<{width}}  {value}  ({source})")
    return 0


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value) if isinstance(value, dict) else str(value)
