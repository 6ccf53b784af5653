"""Files that are either the old or the new one, never half of each; and their hashes."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from gleis.tools.errors import WriteFailed


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) so that readers and a power cut see all of it or none.

    A temporary name in the same folder, fsync of the file, rename, fsync of the folder. Makes the
    folder when it is not there; keeps the permissions of a file that is replaced; writes through a
    symbolic link. Raises WriteFailed; the old content is then untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    target = path.resolve() if path.is_symlink() else path
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(temporary, data)
        with suppress(FileNotFoundError):
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise WriteFailed(_explain(path, error)) from error
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_sha256(folder: Path) -> str:
    """One SHA-256 for all files below `folder`: names and contents, not times or permissions.

    It is the hash of the lines `<sha256>  <relative name>` in byte order of the names; a symbolic
    link counts with its target's name, not with what it points to; empty folders do not count.
    """
    found: list[tuple[bytes, str]] = []
    for parent, folders, names in os.walk(folder, onerror=_raise):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in (*names, *links):
            path = Path(parent) / name
            relative = os.fsencode(path.relative_to(folder).as_posix())
            if path.is_symlink():
                digest = "link:" + hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
            else:
                digest = sha256(path)
            found.append((relative, digest))
    total = hashlib.sha256()
    for relative, digest in sorted(found):
        total.update(digest.encode() + b"  " + relative + b"\n")
    return total.hexdigest()


def _raise(error: OSError) -> None:
    raise error


def _write_synced(path: Path, data: bytes) -> None:
    # O_EXCL and 0o666: a name of our own, and permissions as the user's umask wants them.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems cannot sync a folder; the rename itself has happened.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(path: Path, error: OSError) -> str:
    why = {
        errno.ENOSPC: "the disk is full; free some space and run the command again",
        errno.EDQUOT: "your disk quota is used up; free some space and run the command again",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "you may not write there; check the folder's owner and permissions",
        errno.EPERM: "you may not write there; check the folder's owner and permissions",
    }.get(error.errno or 0, error.strerror or str(error))
    return f"cannot write {path}: {why}"
