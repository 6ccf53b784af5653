"""Files of the state and of the platform at one point in time, by name and content.

A tree is a folder as it lies there, or a commit. Both name contents as git does, so that what two
trees have in common is known without reading it. Symbolic links and submodules are not followed:
they stand in `refused`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from gleis.gitops.errors import GitopsError
from gleis.gitops.git import LOCAL_TIMEOUT, REMOTE_TIMEOUT, ask, environment, said_by
from gleis.gitops.state import Opened, unreachable
from gleis.tools import ToolFailed, ToolTimeout, require, run

MAX_FILE = 1_000_000  # bytes of one file, as contract.document has it
MAX_FILES = 200_000  # in one tree: a thousand tenants have four thousand
_PLAIN = ("100644", "100755")

Git = Callable[..., str]


def _nothing(names: list[str]) -> dict[str, str]:
    del names
    return {}


@dataclass(frozen=True)
class Tree:
    """`blobs` maps a name (with `/`) to its content's id, `refused` to why it is not read."""

    title: str
    blobs: dict[str, str]
    refused: dict[str, str] = field(default_factory=dict)
    _reader: Callable[[list[str]], dict[str, str]] = field(
        default=_nothing, repr=False, compare=False
    )

    def read(self, names: Iterable[str]) -> dict[str, str]:
        """The texts of plain files; names without one are left out.

        Raises GitopsError for what is too large or no UTF-8.
        """
        return self._reader([name for name in names if name in self.blobs])

    def below(self, prefix: str) -> dict[str, str]:
        """The files in the folder `prefix`, by their names from the top."""
        start = f"{prefix.strip('/')}/"
        return {name: blob for name, blob in self.blobs.items() if name.startswith(start)}

    def without(self, prefix: str) -> Tree:
        """The same, but for the folder `prefix`."""
        return self._chosen(prefix, inside=False)

    def only(self, prefix: str) -> Tree:
        """The folder `prefix` alone."""
        return self._chosen(prefix, inside=True)

    def _chosen(self, prefix: str, *, inside: bool) -> Tree:
        start = f"{prefix.strip('/')}/"
        blobs = {n: blob for n, blob in self.blobs.items() if n.startswith(start) == inside}
        # What is refused on the way to a folder hides all of it: that must be said.
        refused = {n: why for n, why in self.refused.items() if touches(n, prefix) == inside}
        return replace(self, blobs=blobs, refused=refused)

    def digest(self, prefix: str) -> str:
        """One name for everything in a folder."""
        lines = "".join(f"{blob} {name}\n" for name, blob in sorted(self.below(prefix).items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def touches(name: str, folder: str) -> bool:
    """Whether `name` lies in `folder`, is it, or is on the way to it."""
    one, other = f"{name}/", f"{folder.strip('/')}/"
    return one.startswith(other) or other.startswith(one)


def of_folder(root: Path, parts: Iterable[str], *, title: str = "") -> Tree:
    """What lies in the folders `parts` of `root`, committed or not.

    Raises GitopsError where the way to one of them is a symbolic link.
    """
    blobs: dict[str, str] = {}
    refused: dict[str, str] = {}
    algorithm = ask(root, "rev-parse", "--show-object-format") or "sha1"
    for part in parts:
        for step in (Path(part), *Path(part).parents):
            if (root / step).is_symlink() and (root / step).is_dir() and step != Path():
                raise GitopsError(f"{root / step} is a symbolic link, which is not followed")
        _walk(root, part.strip("/"), algorithm, blobs, refused)

    def read(names: list[str]) -> dict[str, str]:
        return {name: _text(_content(root / name, name), name) for name in names}

    return Tree(title or str(root), blobs, refused, read)


def _walk(
    root: Path, part: str, algorithm: str, blobs: dict[str, str], refused: dict[str, str]
) -> None:
    pending = [part]
    while pending:
        name = pending.pop()
        path = root / name
        try:
            mode = path.lstat().st_mode
        except OSError:
            continue
        if S_ISDIR(mode):
            pending += [f"{name}/{each}" for each in os.listdir(path) if each != ".git"]
        elif S_ISLNK(mode):
            refused[name] = "a symbolic link"
        elif not S_ISREG(mode):
            refused[name] = "not a regular file"
        elif path.stat().st_size > MAX_FILE:
            refused[name] = f"larger than {MAX_FILE:,} bytes"
        else:
            blobs[name] = blob_id(_content(path, name), algorithm)
        if len(blobs) > MAX_FILES:
            raise GitopsError(f"{root / part} has more than {MAX_FILES:,} files: name the state")


def _content(path: Path, name: str) -> bytes:
    # O_NOFOLLOW: what was a file when it was listed may be a link by now.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(MAX_FILE + 1)
    except OSError as error:
        raise GitopsError(f"{name} cannot be read: {error.strerror}") from None


def blob_id(content: bytes, algorithm: str = "sha1") -> str:
    """The name that git has for a file's content (gitformat: `blob <size>`, NUL, content)."""
    name = hashlib.new(algorithm, usedforsecurity=False)
    name.update(f"blob {len(content)}\0".encode() + content)
    return name.hexdigest()


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise GitopsError(f"{name} is not UTF-8: save it as UTF-8") from None


def together(*trees: Tree) -> Tree:
    """Several trees as one; where two have a file of one name, the later one's counts."""
    blobs: dict[str, str] = {}
    whose: dict[str, Tree] = {}
    refused: dict[str, str] = {}
    for each in trees:
        blobs |= each.blobs
        refused |= each.refused
        whose |= dict.fromkeys(each.blobs, each)

    def read(names: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in trees:
            found |= each.read([name for name in names if whose[name] is each])
        return found

    return Tree(" and ".join(dict.fromkeys(each.title for each in trees)), blobs, refused, read)


def commit_id(root: Path, revision: str) -> str | None:
    """The commit that `revision` names in the checkout `root`, None where it names none."""
    if revision.startswith("-"):
        raise GitopsError(f"{revision!r} is an option of git, not a revision")
    words = ["rev-parse", "--verify", "--quiet", "--end-of-options"]
    return ask(root, *words, f"{revision}^{{commit}}")


def of_commit(root: Path, commit: str, parts: Iterable[str], *, title: str = "") -> Tree:
    """What the files and folders `parts` of a user's own checkout held at `commit`.

    `root` may be a folder in the checkout; names are relative to it.
    """

    def git(*words: str, input: str | None = None) -> str:
        safe = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
        argv: list[str | Path] = [require("git"), *safe, "-c", "core.quotePath=false"]
        argv += ["-C", root, *words]
        env = {**environment(), "GIT_OPTIONAL_LOCKS": "0"}
        return run(argv, timeout=LOCAL_TIMEOUT, env=env, input=input, check=True).stdout

    prefix = git("rev-parse", "--show-prefix").strip()
    return _listed(git, commit, parts, title=title or commit[:12], prefix=prefix)


def of_remote(remote: Opened, revision: str = "") -> Tree:
    """The state that a repository elsewhere has now, or had at a branch, a tag or a whole commit.

    Raises GitopsError where the revision is not there.
    """
    path = remote.location.path
    if not revision:
        snapshot = remote.fetch()
        if snapshot.commit is None:
            return Tree(str(remote.location), {})
        return _listed(remote.repository.git, snapshot.commit, [path], title=snapshot.commit[:12])
    if revision.startswith("-") or not re.fullmatch(r"[\w./@+-]+", revision):
        raise GitopsError(f"{revision!r} is not a branch, a tag or a whole commit id")
    words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "origin"]
    into = "refs/gleis/before"
    try:
        remote.repository.git(*words, f"+{revision}:{into}", timeout=REMOTE_TIMEOUT, limited=True)
    except ToolFailed as error:
        raise GitopsError(
            f"{remote.location} has no {revision} ({said_by(error)}). Without a checkout of the "
            "state, --changed-since takes a branch, a tag or a whole commit id; with one, name it: "
            "--state PATH"
        ) from None
    except ToolTimeout:
        raise unreachable(remote.location.url, f"no answer within {REMOTE_TIMEOUT:.0f} s") from None
    commit = remote.repository.git("rev-parse", "--verify", f"{into}^{{commit}}").strip()
    return _listed(remote.repository.git, commit, [path], title=commit[:12])


def _listed(git: Git, commit: str, parts: Iterable[str], *, title: str, prefix: str = "") -> Tree:
    """The plain files of a commit, whose contents are read in one call when they are asked for."""
    paths = [prefix + part.strip("/") for part in parts]
    said = git("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    blobs: dict[str, str] = {}
    refused: dict[str, str] = {}
    for entry in filter(None, said.split("\0")):
        facts, _, name = entry.partition("\t")
        mode, _, blob = facts.split()
        name = name.removeprefix(prefix)
        if mode in _PLAIN:
            blobs[name] = blob
        else:
            refused[name] = "a symbolic link" if mode == "120000" else "a submodule"
    if len(blobs) > MAX_FILES:
        raise GitopsError(f"{title} has more than {MAX_FILES:,} files in {', '.join(paths)}")

    def read(names: list[str]) -> dict[str, str]:
        texts = _contents(git, {blobs[name] for name in names}, {blobs[n]: n for n in names})
        return {name: texts[blobs[name]] for name in names}

    return Tree(title, blobs, refused, read)


def _contents(git: Git, wanted: set[str], names: dict[str, str]) -> dict[str, str]:
    """The texts of blobs, with two calls of git however many they are."""
    if not wanted:
        return {}
    order = sorted(wanted)
    sizes = git("cat-file", "--batch-check=%(objectname) %(objectsize)", input="\n".join(order))
    for line in sizes.splitlines():
        blob, _, size = line.partition(" ")
        if int(size) > MAX_FILE:
            raise GitopsError(f"{names[blob]} has {size} bytes; at most {MAX_FILE:,} are read")
    # A word that nobody can have written into a file marks where the next one begins.
    mark = secrets.token_hex(16)
    asked = "\n".join(order)
    said = git("cat-file", f"--batch=%(objectname) %(objectsize) {mark}", input=asked)
    texts: dict[str, str] = {}
    pieces = re.split(rf"(?m)^([0-9a-f]+) (\d+) {mark}\n", said)
    for blob, size, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        content = text[:-1] if text.endswith("\n") else text
        if len(content.encode()) != int(size):
            raise GitopsError(f"{names[blob]} is not UTF-8: save it as UTF-8")
        texts[blob] = content.removeprefix("\ufeff")
    return texts
