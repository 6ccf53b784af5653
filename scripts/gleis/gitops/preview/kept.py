"""What was computed once, kept by the content that it was computed from.

One SQLite file in Gleis' cache folder. Many processes may use it at once, and it may be deleted at
any time: what cannot be read or written is computed again, never guessed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gleis import resources
from gleis.tools.environments import cache_dir

_FILE = "gitops-preview.sqlite"
_WAIT = 20.0  # seconds for another process's write
_UNUSED = 30 * 24 * 3600  # seconds after which an entry that nobody asked for goes
_AT_ONCE = 500  # keys in one question
_TABLE = "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, used INTEGER, value BLOB)"


def key(*parts: Any) -> str:
    """One name for everything that a result depends on."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def code() -> str:
    """One name for the code that results come from: what changed must not find its old ones."""
    name = hashlib.sha256()
    room = Path(__file__).parents[1]
    for file in sorted([*room.rglob("*.py"), *(room.parent / "contract").glob("*.py")]):
        name.update(file.read_bytes())
    for schema in ("tenant", "platform"):
        name.update(resources.path(f"schemas/{schema}.schema.json").read_bytes())
    return name.hexdigest()


class Kept:
    """Values (plain data) by key."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or cache_dir()) / _FILE
        self._unwritten: dict[str, bytes] = {}
        self._today = int(time.time() // 86400 * 86400)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._opened()
        except (OSError, sqlite3.Error):  # a cache that cannot be written: for this run alone
            self._database = self._connected(":memory:")

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # the file is no database: somebody else's, or half of one
            self._path.unlink(missing_ok=True)
            return self._connected()

    def _connected(self, place: str = "") -> sqlite3.Connection:
        database = sqlite3.connect(place or self._path, timeout=_WAIT, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=OFF")
        database.execute(_TABLE)
        database.execute("DELETE FROM kept WHERE used < ?", (self._today - _UNUSED,))
        return database

    def get(self, keys: Iterable[str]) -> dict[str, Any]:
        """What is kept of `keys`; what is damaged counts as absent."""
        found: dict[str, Any] = {}
        wanted = list(dict.fromkeys(keys))
        with suppress(sqlite3.Error):
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                asked = f"SELECT key, used, value FROM kept WHERE key IN ({marks})"
                stale = []
                for name, used, value in self._database.execute(asked, part):
                    with suppress(zlib.error, ValueError):
                        found[name] = json.loads(zlib.decompress(value))
                    if used < self._today:
                        stale.append((self._today, name))
                if stale:
                    self._many("UPDATE kept SET used = ? WHERE key = ?", stale)
        for name in wanted:
            if name in self._unwritten:
                found[name] = json.loads(zlib.decompress(self._unwritten[name]))
        return found

    def put(self, values: dict[str, Any]) -> None:
        """Keep `values`; what another process kept by then is the same."""
        self.put_packed({name: packed(value) for name, value in values.items()})

    def put_packed(self, values: dict[str, bytes]) -> None:
        """As `put`, of what `packed` has made already."""
        rows = [(name, self._today, value) for name, value in values.items()]
        try:
            self._many("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
        except sqlite3.Error:  # a full disk, a lock that nobody gives back: for this run alone
            self._unwritten.update(values)

    def _many(self, statement: str, rows: list[Any]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._database.close()


def packed(value: Any) -> bytes:
    """A value as it is kept: JSON, compressed."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
