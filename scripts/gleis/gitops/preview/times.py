"""Where the files of a preview come from, now and at an earlier revision.

Two repositories may be meant: that of the platform (charts, ApplicationSets, platform.yaml) and
that of the state, which is the same one unless platform.yaml: gitops.repo names another. A revision
is looked for in both; where one does not know it, that one is compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gleis import resources
from gleis.contract.platform import Platform
from gleis.gitops import location, state
from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import tree
from gleis.gitops.preview.tree import Tree
from gleis.gitops.state import Opened

PARTS = ("argocd", "platform.yaml")
_HERE = "."


@dataclass(frozen=True)
class Times:
    """The files now and, where a revision was named, before; `compared` says of what."""

    now: Tree
    before: Tree | None = None
    compared: str = ""


def root_of(platform_file: Path) -> Path:
    """The folder that `argocd/` lies in: beside platform.yaml, else with Gleis itself."""
    beside = platform_file.resolve().parent
    return beside if (beside / "argocd" / "charts").is_dir() else resources.root()


@contextmanager
def opened(
    platform_file: Path, platform: Platform, checkout: Path | None, revision: str
) -> Iterator[Times]:
    """The trees, readable until the end of the block. Raises GitopsError, RemoteFailed."""
    root = root_of(platform_file)
    path = platform.gitops.path
    if checkout is not None and not (checkout / path).is_dir():
        raise GitopsError(
            f"{checkout} has no folder {path} (platform.yaml: gitops.path): --state names a "
            "checkout of the repository that holds the tenants"
        )
    whole = tree.of_folder(root, PARTS, title="the platform")
    if checkout is None and platform.gitops.repo == _HERE:
        # Both are one folder: what lies elsewhere than in `argocd/` is read beside it.
        more = [] if path.startswith(f"{PARTS[0]}/") else [path]
        state_now = tree.together(whole, tree.of_folder(root, more)).only(path)
        yield _both(root, path, whole, root, state_now, revision)
    elif checkout is not None:
        state_now = tree.of_folder(checkout, [path], title="the state")
        yield _both(root, path, whole, checkout, state_now, revision)
    else:
        with state.opened(location.locate(platform, platform_file)) as remote:
            yield _remote(root, path, whole, remote, revision)


def _both(
    root: Path, path: str, whole: Tree, checkout: Path, state_now: Tree, revision: str
) -> Times:
    now = _joined(whole, state_now, path)
    if not revision:
        return Times(now)
    platform_then = _then(root, revision, PARTS)
    state_then = _then(checkout, revision, [path])
    if platform_then is None and state_then is None:
        raise GitopsError(
            f"{revision!r} is no revision that {checkout} knows; see `git log` there. In CI, fetch "
            "the whole history (fetch-depth: 0)"
        )
    return _times(now, whole, state_now, platform_then, state_then, path)


def _remote(root: Path, path: str, whole: Tree, remote: Opened, revision: str) -> Times:
    state_now = tree.of_remote(remote)
    now = _joined(whole, state_now, path)
    if not revision:
        return Times(now)
    platform_then = _then(root, revision, PARTS)
    try:
        state_then: Tree | None = tree.of_remote(remote, revision)
    except GitopsError:
        if platform_then is None:
            raise
        state_then = None
    return _times(now, whole, state_now, platform_then, state_then, path)


def _times(
    now: Tree,
    whole: Tree,
    state_now: Tree,
    platform_then: Tree | None,
    state_then: Tree | None,
    path: str,
) -> Times:
    before = _joined(platform_then or whole, state_then or state_now, path)
    said = [
        f"{what} at {then.title}" if then else f"{what} unchanged"
        for what, then in (("platform", platform_then), ("state", state_then))
    ]
    return Times(now, before, ", ".join(said))


def _then(folder: Path, revision: str, parts: tuple[str, ...] | list[str]) -> Tree | None:
    # An installed gleis may lie in somebody's checkout (an environment often does): not its own.
    if not resources.in_checkout() and folder.is_relative_to(resources.root()):
        return None
    commit = tree.commit_id(folder, revision)
    return tree.of_commit(folder, commit, parts) if commit else None


def _joined(whole: Tree, state_tree: Tree, path: str) -> Tree:
    """The platform's files, with the tenants of the state alone."""
    return tree.together(whole.without(path), state_tree)
