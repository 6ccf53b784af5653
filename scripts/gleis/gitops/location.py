"""Where the state of deployments lives, and how a change gets there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import gleis
from gleis import resources
from gleis.contract import platform as platforms
from gleis.contract.platform import Platform
from gleis.gitops.errors import GitopsError
from gleis.gitops.git import ask, checked_url, is_local, looks_like_url

PUSH, PULL_REQUEST = "push", "pull-request"
_HERE = "."


@dataclass(frozen=True)
class Location:
    """`url` for git; `branch` empty for the default one; `path` of the tenants' folder in it."""

    url: str
    path: str
    branch: str
    mode: str
    schema: str
    host: str = ""
    slug: str = ""

    def __str__(self) -> str:
        return self.url


def locate(platform: Platform, file: Path | None = None) -> Location:
    """What `platform.yaml: gitops` says. `file` is that platform.yaml (default: the one in force).

    Raises GitopsError when it names no repository that could be pushed to.
    """
    said = platform.gitops
    folder = (file or platforms.find()).resolve().parent
    url = _this_repo(platform, folder) if said.repo == _HERE else _named(said.repo, folder)
    local = is_local(url)
    mode = said.mode or (PUSH if local else PULL_REQUEST)
    if mode == PULL_REQUEST and local:
        raise GitopsError(
            f"platform.yaml: gitops.mode is {PULL_REQUEST}, but {url} is a folder and has no host "
            f"to ask. Allowed there: {PUSH}"
        )
    parts = urlsplit(url)
    return Location(
        url=url,
        path=said.path,
        branch=said.branch,
        mode=mode,
        schema=_schema(platform, said.path, here=said.repo == _HERE),
        host="" if local else parts.hostname or "",
        slug="" if local else parts.path.strip("/").removesuffix(".git"),
    )


def _named(repo: str, folder: Path) -> str:
    if looks_like_url(repo):
        return checked_url(repo)
    return str((folder / Path(repo).expanduser()).resolve())


def _this_repo(platform: Platform, folder: Path) -> str:
    """The repository that platform.yaml lies in: what it was cloned from, or what it says it is."""
    # An installed gleis carries the file, but not the repository; and the repository that happens
    # to lie around it (an environment is often inside a project) is somebody else's.
    installed = not resources.in_checkout() and folder.is_relative_to(resources.root())
    top = None if installed else ask(folder, "rev-parse", "--show-toplevel")
    if top is None:
        git = platform.git
        return checked_url(f"https://{git.host}/{git.owner}/{git.repository}.git")
    origin = ask(folder, "remote", "get-url", "origin")
    if not origin:
        raise GitopsError(
            f"the state of deployments lives in {top} (platform.yaml: gitops.repo is {_HERE}), "
            "which has no remote to push it to. Add one (git remote add origin …), or name a "
            "repository of its own, such as one made by: git init --bare ../state.git"
        )
    return _named(origin, Path(top))


def _schema(platform: Platform, path: str, *, here: bool) -> str:
    """Where editors find the schema of a record: beside it, or at this version of the platform."""
    name = "schemas/tenant.schema.json"
    if here:
        return "../" * (len(Path(path).parts) + 2) + name
    git = platform.git
    tag = f"v{gleis.__version__}"
    return f"https://{git.host}/{git.owner}/{git.repository}/raw/{tag}/{name}"
