"""The one way in which the checks read a repo; the repo is a stranger's.

Only regular files inside the root are opened, never through a link that leaves it, never more than
a bound, never a FIFO or a device. Every read is recorded, so that a result can be cached by
exactly what it was made from.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from gleis.errors import GleisError

MAX_BYTES = 2_000_000  # of one file; what people write and review is far smaller
HEAD_BYTES = 8_000  # git looks into as many to tell text from binary
MAX_FILES = 200_000
MAX_DEPTH = 40
# A repo's own configuration may name a program for git to start; this one must not run.
_GIT_IGNORED = (
    *("git", "-c", "core.fsmonitor=false", "ls-files", "-z"),
    *("--others", "--ignored", "--exclude-standard", "--directory"),
)
# Folders that tools make and git never holds; not looked into even where nobody ignores them.
SKIPPED = frozenset(
    {
        ".git",
        ".gleis",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".terraform",
        ".tox",
        ".venv",
        "__pycache__",
        "mlruns",
        "node_modules",
    }
)


class CannotCheck(GleisError):
    """Something could not be read or judged. What depends on it is not kept until it can be."""

    def __init__(self, reason: str, file: str | None = None, line: int | None = None) -> None:
        super().__init__(reason)
        self.file, self.line = file, line


@dataclass(frozen=True)
class Text:
    """A text file: its path in the repo and what it says."""

    path: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its lines as an editor counts them."""
        return tuple(re.split(r"\r\n|\n|\r", self.text))

    def line(self, number: int | None) -> str:
        """Line `number` (from 1), empty where there is none."""
        return self.lines[number - 1] if number and number <= len(self.lines) else ""

    def find(self, pattern: str) -> int | None:
        """Number of the first line in which the regular expression `pattern` is found."""
        wanted = re.compile(pattern)
        return next((n for n, line in enumerate(self.lines, 1) if wanted.search(line)), None)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character offset into `text`."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


class Tree:
    """The files of one repo."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._raw: dict[str, bytes | CannotCheck | None] = {}

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Paths of all files that git holds or would hold, sorted; links to files are among them.

        Raises CannotCheck for a tree that is too large or too deep.
        """
        ignored = _ignored(self.root)
        return tuple(sorted(self._walk(ignored)))

    def _walk(self, ignored: frozenset[str]) -> Iterator[str]:
        count = 0
        for folder, folders, names in os.walk(self.root, followlinks=False):
            base = PurePosixPath(Path(folder).relative_to(self.root).as_posix())
            if len(base.parts) > MAX_DEPTH:
                raise CannotCheck(f"folders are nested deeper than {MAX_DEPTH} levels", str(base))
            folders[:] = sorted(
                name
                for name in folders
                if name not in SKIPPED and (base / name).as_posix() not in ignored
            )
            for name in names:
                path = (base / name).as_posix()
                if path not in ignored:
                    count += 1
                    if count > MAX_FILES:
                        raise CannotCheck(f"the repo has more than {MAX_FILES:,} files")
                    yield path

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none. Raises CannotCheck."""
        if path not in self._raw:
            try:
                self._raw[path] = self._read(path)
            except CannotCheck as error:
                self._raw[path] = error
        found = self._raw[path]
        if isinstance(found, CannotCheck):
            raise found
        return found

    def head(self, path: str) -> bytes:
        """The first bytes of a file, however large it is. Raises CannotCheck."""
        real = self._real(path)
        return b"" if real is None else self._open(real, path, whole=False)

    def _read(self, path: str) -> bytes | None:
        real = self._real(path)
        return None if real is None else self._open(real, path, whole=True)

    def _real(self, path: str) -> Path | None:
        target = self.root / path
        try:
            real = target.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            if target.is_symlink():
                raise CannotCheck("it is a link to nothing", path) from None
            return None
        except (OSError, RuntimeError, ValueError) as error:
            raise CannotCheck(f"it cannot be reached ({error})", path) from None
        if not real.is_relative_to(self.root):
            raise CannotCheck("it is a link that leads out of the repo", path)
        return real

    @staticmethod
    def _open(real: Path, path: str, *, whole: bool) -> bytes:
        try:
            return _read_regular(real, path, whole)
        except OSError as error:
            why = "it is a link" if error.errno == errno.ELOOP else error.strerror or str(error)
            raise CannotCheck(f"it cannot be read ({why})", path) from None


class Reader:
    """A tree as one input sees it: the same files, with a record of what was read."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.reads: set[str] = set()
        self.listed = False

    @property
    def root(self) -> Path:
        """The folder itself, for messages and for loaders that take it."""
        return self._tree.root

    def files(self, wanted: Callable[[str], object] = bool) -> tuple[str, ...]:
        """Paths of the files for which `wanted(path)` is true. Raises CannotCheck."""
        self.listed = True
        return tuple(path for path in self._tree.files if wanted(path))

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none. Raises CannotCheck."""
        self.reads.add(path)
        return self._tree.read(path)

    def text(self, path: str) -> Text | None:
        """A text file, None where there is none. Raises CannotCheck, also for invalid UTF-8."""
        raw = self.read(path)
        return None if raw is None else decode(path, raw)

    def is_binary(self, path: str) -> bool:
        """Whether the file is none that people read: git's rule, a NUL among its first bytes."""
        self.reads.add(path)
        return b"\0" in self._tree.head(path)

    def is_link(self, path: str) -> bool:
        """Whether the path itself is a symbolic link."""
        return (self.root / path).is_symlink()


def _read_regular(real: Path, path: str, whole: bool) -> bytes:
    # O_NONBLOCK: opening a FIFO would otherwise wait for a writer for ever.
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise CannotCheck("it is not a regular file", path)
        if not whole:
            return stream.read(HEAD_BYTES)
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise CannotCheck(f"it is larger than {MAX_BYTES:,} bytes", path)
    return raw


def decode(path: str, raw: bytes) -> Text:
    """Bytes as text. Raises CannotCheck with the line of the first byte that is not UTF-8."""
    try:
        return Text(path, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CannotCheck(f"it is not UTF-8 (byte {error.start})", path, line) from None


def _ignored(root: Path) -> frozenset[str]:
    """Untracked paths that git ignores: they never leave the machine. Empty outside of git.

    A tracked file is never among them, so a `.gitignore` cannot hide what is committed.
    """
    from gleis import tools

    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return frozenset()
    try:
        done = tools.run(
            _GIT_IGNORED,
            timeout=20,
            cwd=root,
        )
    except GleisError:
        return frozenset()
    if not done.ok:
        return frozenset()
    return frozenset(path.rstrip("/") for path in done.stdout.split("\0") if path)
