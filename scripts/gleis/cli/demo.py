"""Show the main job on this machine: a new ML repo from the template, run, checked, reported.

Everything happens in a temporary folder that is removed afterwards (the report stays); with --keep
the repo stays too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "tumour-screening"
_IDENTITY = ("-c", "user.name=gleis demo", "-c", "user.email=demo@example.com")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="make the repo in DIR and leave it there"
    )
    parser.add_argument(
        "--framework", default="sklearn", help="what trains the model (default: %(default)s)"
    )
    parser.add_argument(
        "--open", action="store_true", help="show the report in a browser at the end"
    )


def run(args: argparse.Namespace) -> int:
    from gleis import resources
    from gleis.errors import GleisError

    if not (resources.root() / "copier.yml").is_file():
        raise GleisError(
            "the demo makes a repo from the platform's template, which an installed gleis does not "
            "have: clone the platform repo and run ./dev demo there"
        )
    if args.keep:
        if args.keep.exists() and any(args.keep.iterdir()):
            raise GleisError(f"{args.keep} is not empty: name a new folder")
        return _demo(args.keep.resolve(), args)
    with tempfile.TemporaryDirectory(prefix="gleis-demo-") as scratch:
        return _demo(Path(scratch).resolve() / NAME, args)


def _demo(repo: Path, args: argparse.Namespace) -> int:
    from gleis import cli

    times: list[tuple[str, float]] = []
    kept = repo / ".gleis" / "report.html"
    report = kept if args.keep else Path(tempfile.gettempdir()) / "gleis-demo-report.html"

    with _step("copier copy: a new repo from the template, with the default answers", times):
        _copy(repo, args.framework)
    with _step("git init, first commit", times):
        _commit(repo)
    steps: list[tuple[str, Callable[[], int]]] = [
        (
            "gleis run: data, training, gates, registry, service, promotion",
            lambda: cli.main(["run", "--event", "manual", str(repo)]),
        ),
        ("gleis check: the standard operating procedures", lambda: cli.main(["check", str(repo)])),
        (
            "gleis report: what was built from what",
            lambda: cli.main(
                ["report", str(repo), "--output", str(report), *(["--open"] if args.open else [])]
            ),
        ),
    ]
    for title, step in steps:
        with _step(title, times):
            code = step()
        if code:
            print(f"\nThe demo stopped: that step ended with exit code {code}.", file=sys.stderr)
            return code
    _closing(repo, report, times, kept=bool(args.keep))
    return 0


@contextmanager
def _step(title: str, times: list[tuple[str, float]]) -> Iterator[None]:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}▶ {title}{plain}", flush=True)
    start = time.monotonic()
    yield
    times.append((title.partition(":")[0], time.monotonic() - start))


def _copy(repo: Path, framework: str) -> None:
    import warnings

    from gleis import resources
    from gleis.errors import GleisError, ToolMissing

    try:
        import copier
    except ImportError:
        raise ToolMissing(
            "the demo needs Copier: pip install 'gleis[update]', or run ./dev demo"
        ) from None
    root = resources.root()
    # HEAD, not the newest tag: the demo shows what is checked out. Copier warns that uncommitted
    # changes are part of it; that is what somebody who changes the template wants.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            copier.run_copy(
                str(root),
                repo,
                data={"name": NAME, "framework": framework},
                defaults=True,
                quiet=True,
                vcs_ref="HEAD" if (root / ".git").exists() else None,
            )
        except (copier.errors.UserMessageError, ValueError) as error:
            raise GleisError(f"the template refuses these answers: {error}") from None
    print(f"  {repo} ({sum(path.is_file() for path in repo.rglob('*'))} files)")


def _commit(repo: Path) -> None:
    from gleis.tools import process, require

    git = require("git")
    env = process.clean_env()
    for argv in (
        ["init", "--quiet"],
        ["add", "--all"],
        [
            *_IDENTITY,
            "commit",
            "--quiet",
            "--no-verify",
            "--message",
            "Start from the golden track",
        ],
    ):
        process.run([git, *argv], timeout=60, cwd=repo, env=env, check=True)
    print(
        f"  {process.run([git, 'log', '--oneline'], timeout=60, cwd=repo, env=env).stdout.strip()}"
    )


def _closing(repo: Path, report: Path, times: list[tuple[str, float]], *, kept: bool) -> None:
    from gleis import evidence

    print("\nTime per step")
    for title, seconds in times:
        print(f"  {seconds:6.1f} s  {title}")
    print(f"  {sum(seconds for _, seconds in times):6.1f} s  in all\n")
    promoted = evidence.read(repo, "promote")
    if promoted:
        facts = promoted.details
        print(f"Registered  {facts['name']} version {facts['version']}, alias {facts['alias']}")
    print(f"Report      {report}")
    if kept:
        print(f"Repo        {repo} (try: cd there, then `gleis serve` or `gleis run` again)")
    else:
        print("Repo        removed; keep one with ./dev demo --keep DIR")
