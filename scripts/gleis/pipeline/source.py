"""What git says about the work tree that is being judged."""

from __future__ import annotations

from pathlib import Path

from gleis.errors import GleisError
from gleis.evidence import Source
from gleis.tools import ToolError, require, run
from gleis.tools.process import clean_env

_TIMEOUT = 60.0  # seconds; a cold status of a large repo on a network disk


class NotARepo(GleisError):
    """The project is not kept in git, so nothing could be said about what was built from what."""


def _git(root: Path, *argv: str) -> str:
    """Run git with optional locks off, so that asking never gets in the way of a person's git."""
    done = run(
        [require("git"), "-C", root, *argv],
        timeout=_TIMEOUT,
        env=clean_env(GIT_OPTIONAL_LOCKS="0", LC_ALL="C"),
    )
    if not done.ok:
        if "not a git repository" in done.stderr:
            raise NotARepo(
                f"{root} is not in a git repository, so no run could say which commit it is from. "
                "Start one: git init && git add -A && git commit -m 'Start from the template'"
            )
        raise ToolError(f"git {argv[0]} failed in {root}: {done.stderr.strip()}")
    return done.stdout


def source(root: Path) -> Source:
    """Commit, branch and cleanliness of the work tree. Raises NotARepo."""
    commit = branch = None
    dirty = False
    for line in _git(root, "status", "--porcelain=v2", "--branch", "--", ".").splitlines():
        if line.startswith("# branch.oid "):
            oid = line.removeprefix("# branch.oid ")
            commit = None if oid == "(initial)" else oid
        elif line.startswith("# branch.head "):
            head = line.removeprefix("# branch.head ")
            branch = None if head == "(detached)" else head
        elif not line.startswith("#"):
            dirty = True
    return Source(commit, branch, dirty)


def repo_files(root: Path) -> tuple[str, ...]:
    """Names, relative to `root`, of the files that are in git or would be with `git add -A`."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    return tuple(sorted({name for name in listed.split("\0") if name}))


def commit_epoch(root: Path) -> int:
    """When the commit that is checked out was made, in seconds since 1970."""
    return int(_git(root, "show", "--no-patch", "--format=%ct", "HEAD").strip())


def export(root: Path, target: Path) -> None:
    """Write the project as committed to `target`, a tar, free of what this machine adds to it."""
    _git(root, "archive", "--format=tar", f"--output={target}", "HEAD", "--", ".")
