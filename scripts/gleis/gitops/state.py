"""One change of the state, all of it or nothing, however many others are at it.

The remote is fetched into a temporary bare repository; `edit` says what to change, looking at what
is there; the change becomes one commit, pushed plainly. When somebody else was faster, the new head
is fetched and `edit` is asked again, with everything it checks. The remote is before or after.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gleis.gitops.errors import GitopsError, RemoteFailed
from gleis.gitops.git import REMOTE_TIMEOUT, Repository, ask, is_local, said_by
from gleis.gitops.location import PULL_REQUEST, Location
from gleis.tools import ToolFailed, ToolTimeout

ATTEMPTS = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds
_MAX_RECORD = 1_000_000  # bytes
_REMOTE = "refs/remotes/origin/state"
_ABANDONED = 24 * 3600.0  # seconds after which a folder that a killed process left is removed
_PREFIX = "gleis-gitops-"
# What a server says of a push that lost a race; anything else is a refusal.
_RACE = (
    "[rejected]",
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
    "unable to lock",
    ".lock': File exists",
    "reference already exists",
)


class NotOneFile(GitopsError):
    """A promotion or a rollback was about to change something else than its one file."""


@dataclass(frozen=True)
class Identity:
    """Who makes a commit."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True)
class Change:
    """New content by path (None: the file goes away); `branch` names a proposal."""

    files: Mapping[str, str | None]
    message: str
    branch: str
    one_file: bool = True


@dataclass(frozen=True)
class Landed:
    """What became of a change: the commit that holds it; `proposal` is a pull request's address."""

    commit: str
    changed: bool = True
    proposal: str = ""
    attempts: int = 1


class Snapshot:
    """The state at one commit (None: an empty repository)."""

    def __init__(self, repository: Repository, commit: str | None, path: str) -> None:
        self.repository, self.commit, self.path = repository, commit, path
        self._blobs: dict[str, str] | None = None

    @property
    def blobs(self) -> dict[str, str]:
        """Path → blob of every plain file below the tenants' folder."""
        if self._blobs is None:
            self._blobs = {}
            if self.commit:
                listed = self.repository.git(
                    "ls-tree", "-r", "-z", "--full-tree", self.commit, "--", f"{self.path}/"
                )
                for entry in filter(None, listed.split("\0")):
                    facts, _, name = entry.partition("\t")
                    mode, kind, blob = facts.split()
                    if kind == "blob" and mode in ("100644", "100755"):
                        self._blobs[name] = blob
        return self._blobs

    def read(self, name: str) -> str | None:
        """The text of a file, None where there is none. Raises GitopsError: too large, not text."""
        blob = self.blobs.get(name)
        return None if blob is None else read_blob(self.repository, blob, name)


def read_blob(repository: Repository, blob: str, name: str) -> str:
    """The text of a blob; `name` is for messages."""
    size = int(repository.git("cat-file", "-s", blob, timeout=REMOTE_TIMEOUT))
    if size > _MAX_RECORD:
        raise GitopsError(f"{name} has {size:,} bytes; at most {_MAX_RECORD:,} are read")
    text = repository.git("cat-file", "blob", blob, timeout=REMOTE_TIMEOUT)
    if len(text.encode()) != size:
        raise GitopsError(f"{name} is not UTF-8: save it as UTF-8")
    return text


class Opened:
    """The remote, fetched into a temporary repository."""

    def __init__(self, location: Location, repository: Repository, *, history: bool) -> None:
        """`history`: the commits that led here are needed, not only what is there now."""
        self.location, self.repository, self._history = location, repository, history
        self._fetched = ""
        self.branch = location.branch

    def fetch(self) -> Snapshot:
        """The state as the remote has it now."""
        head = self._head()
        if head is None:
            return Snapshot(self.repository, None, self.location.path)
        if head != self._fetched:
            depth = ["--filter=blob:none"] if self._history else ["--depth=1"]
            refspec = f"+refs/heads/{self.branch}:{_REMOTE}"
            words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *depth]
            self._remote(*words, "origin", refspec)
            # The branch may have moved on between the two questions.
            self._fetched = self.repository.git("rev-parse", "--verify", _REMOTE).strip()
        return Snapshot(self.repository, self._fetched, self.location.path)

    def _head(self) -> str | None:
        said = self._remote("ls-remote", "--symref", "origin", "HEAD", "refs/heads/*")
        heads: dict[str, str] = {}
        default = ""
        for line in said.splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: ") and name == "HEAD":
                default = value.removeprefix("ref: refs/heads/")
            else:
                heads[name] = value
        branches = [name.removeprefix("refs/heads/") for name in heads if name != "HEAD"]
        if not branches:
            self.branch = self.branch or self._unborn() or "main"
            return None
        self.branch = self.branch or default or (branches[0] if len(branches) == 1 else "")
        if self.branch not in branches:
            raise GitopsError(
                f"{self.location} has no branch {self.branch or 'that HEAD names'}. Name one in "
                f"platform.yaml: gitops.branch. There are: {', '.join(sorted(branches)[:10])}"
            )
        return heads[f"refs/heads/{self.branch}"]

    def _unborn(self) -> str:
        """The branch that HEAD of an empty repository on this machine names."""
        if not is_local(self.location.url):
            return ""
        folder = Path(self.location.url.removeprefix("file://"))
        return ask(folder, "symbolic-ref", "--short", "HEAD") or ""

    def _remote(self, *words: str) -> str:
        try:
            return self.repository.git(*words, timeout=REMOTE_TIMEOUT, limited=True)
        except ToolFailed as error:
            raise unreachable(self.location.url, said_by(error)) from None
        except ToolTimeout:
            raise unreachable(
                self.location.url, f"no answer within {REMOTE_TIMEOUT:.0f} s"
            ) from None

    def commit(self, snapshot: Snapshot, change: Change, by: Identity) -> str:
        """Make the commit, without a work tree. Raises NotOneFile."""
        index = {"GIT_INDEX_FILE": str(self.repository.folder / "gleis-index")}
        git = self.repository.git
        git("read-tree", snapshot.commit or "--empty", env=index)
        lines = []
        for name, text in sorted(change.files.items()):
            if text is None:
                lines.append(f"0 {'0' * 40}\t{name}")
            else:
                blob = git("hash-object", "-w", "--stdin", input=text).strip()
                lines.append(f"100644 {blob}\t{name}")
        git("update-index", "-z", "--index-info", input="\0".join(lines) + "\0", env=index)
        tree = git("write-tree", env=index).strip()
        parent = ["-p", snapshot.commit] if snapshot.commit else []
        who = {
            "GIT_AUTHOR_NAME": by.name,
            "GIT_AUTHOR_EMAIL": by.email,
            "GIT_COMMITTER_NAME": by.name,
            "GIT_COMMITTER_EMAIL": by.email,
        }
        made = git("commit-tree", tree, *parent, input=change.message, env=who).strip()
        changed = git("diff-tree", "--root", "-r", "-z", "--no-commit-id", "--name-only", made)
        hold_to(filter(None, changed.split("\0")), change)
        return made

    def push(self, commit: str, branch: str) -> tuple[bool, str]:
        """Whether the remote took the commit, and what it said otherwise. Never forced."""
        words = ["push", "--porcelain", "--no-verify", "--no-signed", "origin"]
        try:
            done = self.repository.run(
                *words, f"{commit}:refs/heads/{branch}", timeout=REMOTE_TIMEOUT
            )
        except ToolTimeout as error:
            return False, str(error)
        return done.ok, f"{done.stdout}\n{done.stderr}"


def hold_to(changed: Iterator[str] | Collection[str], change: Change) -> None:
    """Refuse a commit that changes anything but what was meant. Raises NotOneFile."""
    found = set(changed)
    allowed = set(change.files)
    if found - allowed or (change.one_file and (len(found) != 1 or len(allowed) != 1)):
        raise NotOneFile(
            f"this commit would change {', '.join(sorted(found)) or 'nothing'}, where "
            f"{', '.join(sorted(allowed))} alone was meant. Nothing was pushed; please report it "
            "to the platform team"
        )


@contextlib.contextmanager
def opened(location: Location, *, history: bool = False) -> Iterator[Opened]:
    """A temporary repository for `location`; it is gone afterwards."""
    with scratch() as folder:
        repository = Repository(folder / "state.git", location.url)
        yield Opened(location, repository, history=history)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder; what killed processes left of theirs is removed after a day."""
    for stale in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            facts = stale.lstat()
            if facts.st_uid == os.getuid() and facts.st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def apply(
    location: Location,
    edit: Callable[[Snapshot], Change | None],
    by: Identity,
    *,
    history: bool = False,
    propose: Callable[[Opened, Change], str] | None = None,
    attempts: int = ATTEMPTS,
) -> Landed:
    """Bring about what `edit` says, retrying with the newest state when others are faster.

    `edit` looks at a snapshot and returns the change, or None where nothing has to change; it is
    asked again for every attempt. `propose` makes a pull request of a pushed branch and returns its
    address. Raises whatever `edit` raises, and RemoteFailed; the remote is then as it was.
    """
    with opened(location, history=history) as state:
        sent: dict[str, Change] = {}
        said = ""
        for attempt in range(1, attempts + 1):
            snapshot = state.fetch()
            landed = _landed(snapshot, sent)
            if landed:
                return Landed(landed, attempts=attempt)
            change = edit(snapshot)
            if change is None:
                return Landed(snapshot.commit or "", changed=False, attempts=attempt)
            commit = state.commit(snapshot, change, by)
            if location.mode == PULL_REQUEST:
                return _proposed(state, commit, change, propose, attempt)
            sent[commit] = change
            done, said = state.push(commit, state.branch)
            if done:
                return Landed(commit, attempts=attempt)
            if not _lost_race(said) and state.fetch().commit == snapshot.commit:
                raise _refused(location, state.branch, said)
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt, 10))
            time.sleep(pause * (0.5 + random.random()))
        raise RemoteFailed(
            f"{location} was busy: {attempts} attempts met somebody else's push. Nothing was "
            f"changed; run the command again. Last answer: {_last_line(said)}"
        )


def _landed(snapshot: Snapshot, sent: Mapping[str, Change]) -> str:
    """The commit that a push brought in although it seemed to fail, such as after a time-out."""
    for commit, change in sent.items():
        files = {name: text for name, text in change.files.items() if text is not None}
        if files and all(snapshot.read(name) == text for name, text in files.items()):
            return commit
    return ""


def _proposed(
    state: Opened,
    commit: str,
    change: Change,
    propose: Callable[[Opened, Change], str] | None,
    attempt: int,
) -> Landed:
    if propose is None:
        raise GitopsError("this change has to be proposed, and nobody said how")
    done, said = state.push(commit, change.branch)
    if not done and not _lost_race(said):
        raise _refused(state.location, change.branch, said)
    # The branch is named after what it brings: one that is there is this change, asked for before.
    return Landed(commit, proposal=propose(state, change), attempts=attempt)


def _lost_race(said: str) -> bool:
    return any(sign in said for sign in _RACE) and "hook declined" not in said


def _refused(location: Location, branch: str, said: str) -> RemoteFailed:
    return RemoteFailed(
        f"{location} refused the push to {branch}: {_last_line(said)}. Nothing was changed. Check "
        "that you may push there; where a branch is protected, set gitops.mode: pull-request in "
        "platform.yaml"
    )


def unreachable(url: str, said: str) -> RemoteFailed:
    """The error for a remote that cannot be read."""
    return RemoteFailed(
        f"{url} cannot be read: {said}. Check the address (platform.yaml: gitops.repo), the "
        "network, and that you may read it (GLEIS_GITOPS_TOKEN for https, a key for ssh)"
    )


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and line.strip() != "Done"]
    telling = [line for line in lines if line.startswith(("!", "remote:", "fatal:", "error:"))]
    return (telling or lines or ["it said nothing"])[0][:300]
