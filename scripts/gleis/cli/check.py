"""Hold a repo against the organisation's standard operating procedures (SOPs).

Exit codes: 0 all are kept or waived, 1 findings, 2 wrong usage, 3 a tool is missing and the answer
is not known.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 2.0  # seconds without a word


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand behind `gleis check`."""
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(), metavar="PATH", help="the repo (default: .)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        metavar="SOP",
        help="check these SOPs alone, such as SOP-003",
    )


def run(args: argparse.Namespace) -> int:
    """Check, print, and return the exit code."""
    from datetime import UTC, datetime

    from gleis.check import engine
    from gleis.findings import formats
    from gleis.waivers import today_of

    only = {name.strip().upper() for name in args.only} if args.only else None
    with _patience(f"checking {args.path.resolve().name or '/'} …"):
        report = engine.check(
            args.path, today=today_of(datetime.now(UTC)), only=only, progress=_tell
        )
    name = "json" if args.json else "text"
    sys.stdout.write(formats.render_report(name, report, colour=_colour()))
    return report.exit_code


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{line}\n")


@contextmanager
def _patience(line: str) -> Iterator[None]:
    """Say `line` on a terminal when it takes long, and take it back at the end."""
    if not sys.stderr.isatty():
        yield
        return
    said = threading.Event()

    def say() -> None:
        said.set()
        sys.stderr.write(line)
        sys.stderr.flush()

    timer = threading.Timer(_PATIENCE, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if said.is_set():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
