"""Show what a change does to the clusters before it is pushed, and hold it to the rules.

  gleis gitops preview         render, validate and compare; asks no cluster
  gleis gitops fetch-schemas   fetch the schemas of custom resources that a preview holds objects to

The state is what lies in this checkout, in the one that --state names, or where platform.yaml says
(gitops.repo). Exit codes: 0 clean, 1 findings, 2 wrong use or input, 3 Helm or a repository is
missing or broken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gleis.gitops.preview.preview import Progress

_WIDTH = 40  # characters of the bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    preview = actions.add_parser("preview", help="render, validate and compare")
    preview.add_argument(
        "--changed-since",
        default="",
        metavar="REV",
        help="compare with this revision, and render only what differs from it",
    )
    preview.add_argument(
        "--state",
        type=Path,
        metavar="PATH",
        help="a checkout of the repository that holds the tenants, where it is another one",
    )
    preview.add_argument("--environment", default="", choices=("", "dev", "staging", "prod"))
    preview.add_argument("--tenant", default="", metavar="TEAM/PROJECT", help="only this one")
    preview.add_argument(
        "--strict", action="store_true", help="exit with 1 for kinds without a schema, too"
    )
    shape = preview.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON instead of text")
    shape.add_argument("--markdown", action="store_true", help="print a comment for a pull request")
    fetch = actions.add_parser("fetch-schemas", help="fetch schemas of custom resources")
    fetch.add_argument(
        "--into", type=Path, metavar="FOLDER", help="where to (default: Gleis' cache)"
    )


def run(args: argparse.Namespace) -> int:
    return {"preview": _preview, "fetch-schemas": _fetch}[args.action](args)


def _preview(args: argparse.Namespace) -> int:
    from gleis.contract import platform
    from gleis.gitops.preview import output
    from gleis.gitops.preview.preview import Request, preview

    request = Request(
        platform.find(), args.state, args.changed_since, args.environment, args.tenant
    )
    with _progress() as progress:
        found = preview(request, progress)
    if args.json:
        print(output.to_json(found, strict=args.strict), end="")
    else:
        print((output.markdown if args.markdown else output.text)(found), end="")
    return found.exit_code(strict=args.strict)


def _fetch(args: argparse.Namespace) -> int:
    from gleis.gitops.preview import fetch, schemas

    into = args.into or schemas.fetched()
    with _progress() as progress:
        count = fetch.fetch(into, progress=progress)
    print(f"{into}: schemas of {count} kinds")
    return 0


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, one line that is written over; it needs no thread."""
    from gleis.gitops.preview.preview import quiet

    if not sys.stderr.isatty():
        yield quiet
        return

    def show(what: str, done: int, total: int) -> None:
        full = _WIDTH * done // total if total else 0
        count = f" {done}/{total}" if total else ""
        bar = "█" * full + "░" * (_WIDTH - full)
        print(f"\r{bar} {what}{count}\x1b[K", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
