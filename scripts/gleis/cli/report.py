"""Write the report of the last run: one HTML file that needs nothing else."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DEFAULT = ".gleis/report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", type=Path, help="the project (default: here)"
    )
    parser.add_argument("--output", type=Path, help=f"where to (default: {DEFAULT} in the project)")
    parser.add_argument("--open", action="store_true", help="show it in a browser")


def run(args: argparse.Namespace) -> int:
    from gleis import report
    from gleis.errors import GleisError
    from gleis.tools.files import write_atomic

    root = args.path.resolve()
    if not (root / ".gleis" / "run").is_dir():
        raise GleisError(f"{root} has no run to report on. Run the pipeline first: gleis run")
    output = args.output or root / DEFAULT
    write_atomic(output, report.build(root))
    print(output)
    if args.open:
        import webbrowser

        if not webbrowser.open(output.resolve().as_uri()):
            print("no browser could be started: open the file by hand", file=sys.stderr)
    return 0
