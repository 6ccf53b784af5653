"""Who is at work here, and who wrote a commit, as git knows them."""

from __future__ import annotations

import os
from pathlib import Path

from gleis.contract.platform import Platform
from gleis.gitops.gates import Author
from gleis.gitops.git import ask
from gleis.gitops.message import one_line
from gleis.gitops.state import Identity


def identity(root: Path, platform: Platform) -> Identity:
    """Whom commits of the state name: git's user, else the platform team's robot (in CI)."""
    name = os.environ.get("GIT_AUTHOR_NAME") or ask(root, "config", "user.name") or "Gleis"
    email = (
        os.environ.get("GIT_AUTHOR_EMAIL")
        or ask(root, "config", "user.email")
        or platform.support.email
    )
    return Identity(_clean(name) or "Gleis", _clean(email) or platform.support.email)


def author(root: Path, commit: str) -> Author | None:
    """Who wrote `commit`, with everybody named as co-author; None where it is not in `root`."""
    said = ask(
        root,
        "log",
        "-1",
        "--no-show-signature",
        "--format=%an <%ae>%n%(trailers:key=Co-authored-by,valueonly,unfold)",
        commit,
        "--",
    )
    if not said:
        return None
    names, emails = [], []
    for line in filter(None, said.splitlines()):
        name, _, email = line.rpartition(" <")
        names.append(name.strip())
        emails.append(email.rstrip(">").strip())
    return Author(tuple(names), tuple(emails))


def _clean(text: str) -> str:
    return one_line(text.replace("<", "").replace(">", ""), 100)
