"""Python environments made from a hashed lock, each made once and never seen half-made.

An environment is named after the bytes of its lock and the Python that it is for, so it never
changes once it is there: another lock is another environment. uv shares the wheels between them.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import platform
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gleis.tools import catalogue, wheels
from gleis.tools.errors import ToolError, ToolFailed, ToolMissing, ToolTimeout, WriteFailed
from gleis.tools.process import clean_env, run

Progress = Callable[[str], None]

MARKER = ".gleis-complete.json"  # the last file written; without it an environment is not one
_VENV_TIMEOUT = 120.0  # seconds
_INSTALL_TIMEOUT = 1800.0  # seconds; a deep-learning lock over a slow line
_UV = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
_IDENTITY = (
    "import platform,sys;"
    "print(sys.implementation.name,platform.python_version(),platform.machine(),sep='-')"
)
_NETWORK_SIGNS = (
    "error sending request",
    "failed to fetch",
    "dns error",
    "could not connect",
    "connection refused",
    "connection reset",
    "timed out",
    "operation timeout",
    "network is unreachable",
    "request failed after",
    "error trying to connect",
    "network connectivity is disabled",
    "tunnel error",
    "bad gateway",
    "service unavailable",
)
_CERTIFICATE_SIGN = "invalid peer certificate"
_DISK_SIGNS = ("no space left on device", "disk quota exceeded", "os error 28", "os error 122")
_HASH_SIGNS = ("hash mismatch", "hashes do not match", "--require-hashes")


class EnvironmentFailed(ToolError):
    """An environment could not be made; nothing half-made is left."""


@dataclass(frozen=True)
class Environment:
    """A complete environment: its interpreter, its folder, and the lock that it was made from."""

    python: Path
    path: Path
    lock_sha256: str

    @property
    def bin(self) -> Path:
        """The folder of the programs that the environment's packages bring."""
        return self.python.parent


def cache_dir() -> Path:
    """Where Gleis keeps what can be made again: $GLEIS_CACHE, else the system's cache folder."""
    told = os.environ.get("GLEIS_CACHE")
    if told:
        return Path(told).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "gleis"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "gleis"


def ensure(
    lock: Path,
    *,
    name: str,
    python: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
    cache: Path | None = None,
    extra: Sequence[Path] = (),
    find_links: Sequence[str] = (),
) -> Environment:
    """The environment of `lock`, made by uv if it is not there yet.

    `name` is the readable part of its folder's name. `python` is the interpreter to make it with,
    the one that runs us by default. `offline` takes packages from uv's cache only. `progress` is
    called with one line when something is about to take long, and once more when it is done.
    `cache` is the folder to keep it in, `cache_dir()` by default.
    `extra` are hashed locks of wheels that no index is asked for (torch, whose build on PyPI is the
    CUDA one): they are looked for where `wheels.find_links` says, `find_links` being the last
    resort, and what they depend on has to be in `lock`.

    Two processes that ask at once make it once. Killed at any point, the next call makes it anew.
    Raises EnvironmentFailed (no network, disk full, wrong hash …) or ToolMissing (uv, python).
    """
    lock_sha256, key = _key((lock, *extra), python)
    final = (cache or cache_dir()) / "envs" / f"{name}-{key}"
    ready = _complete(final, lock_sha256)
    if ready is not None:
        return ready
    tell = progress or (lambda _line: None)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _locked(final.with_name(f".{final.name}.lock"), name, tell):
            ready = _complete(final, lock_sha256)  # another process may have made it meanwhile
            if ready is not None:
                return ready
            links = wheels.find_links(find_links) if extra else ()
            recipe = _Recipe(name, lock, tuple(extra), links, python or _base_python(), offline)
            return _make(final, recipe, lock_sha256, tell)
    except OSError as error:
        raise EnvironmentFailed(_explain_os(name, lock, error)) from error


@dataclass(frozen=True)
class _Recipe:
    """What an environment is made from."""

    name: str
    lock: Path
    extra: tuple[Path, ...]
    links: tuple[str, ...]
    python: Path
    offline: bool


def locks_sha256(locks: Sequence[Path]) -> str:
    """One hash over all locks of an environment; that of the file where there is only one."""
    return hashlib.sha256(_content(locks)).hexdigest()


def _content(locks: Sequence[Path]) -> bytes:
    parts = []
    for lock in locks:
        try:
            parts.append(lock.read_bytes())
        except OSError as error:
            raise EnvironmentFailed(
                f"cannot read the lock {lock}: {error.strerror}; "
                "restore it from git, or compile it anew from its .in file"
            ) from error
    return b"\0".join(parts)


def _key(locks: Sequence[Path], python: Path | None) -> tuple[str, str]:
    """The locks' hash, and the 16 hex digits that stand for locks and interpreter."""
    content = _content(locks)
    identity = _own_identity() if python is None else _identity_of(python)
    digest = hashlib.sha256(content + b"\0" + identity.encode()).hexdigest()
    return hashlib.sha256(content).hexdigest(), digest[:16]


def _own_identity() -> str:
    # The prefix tells a pyenv's 3.11.7 from a distribution's 3.11.7.
    release = f"{sys.implementation.name}-{platform.python_version()}-{platform.machine()}"
    return f"{release}-{sys.base_prefix}"


def _identity_of(python: Path) -> str:
    done = run([python, "-I", "-c", _IDENTITY], timeout=30, env=clean_env())
    if not done.ok:
        raise ToolMissing(f"{python} does not run: {done.stderr.strip() or 'no output'}")
    return f"{done.stdout.strip()}-{python.absolute()}"


def _base_python() -> Path:
    """The interpreter below our own environment, so that environments do not stack."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Path(base)


def _complete(path: Path, lock_sha256: str) -> Environment | None:
    """The environment at `path` if its marker and its interpreter are there, else None."""
    try:
        marker = json.loads((path / MARKER).read_bytes())
    except (OSError, ValueError):
        return None
    python = path / "bin" / "python"
    # The link dangles when the interpreter below it was uninstalled: then make it anew.
    if marker.get("lock_sha256") != lock_sha256 or not python.exists():
        return None
    return Environment(python, path, lock_sha256)


@contextmanager
def _locked(path: Path, name: str, tell: Progress) -> Iterator[None]:
    """Hold the lock file `path`; the system lets go of it when we die, however we die."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting for another process that makes the environment {name}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(final: Path, recipe: _Recipe, lock_sha256: str, tell: Progress) -> Environment:
    uv = catalogue.require("uv")
    started = time.monotonic()
    name = recipe.name
    tell(f"making the environment {name} from {recipe.lock.name} (only the first time)")
    _sweep(final)
    # A new name each time: a uv that outlived its killed parent may still write to the old one.
    making = final.with_name(f".{final.name}.making-{secrets.token_hex(4)}")
    try:
        _fill(uv, making, recipe)
        for lock in recipe.extra:
            tell(f"adding {lock.name} from {wheels.shown(recipe.links)} to the environment {name}")
            _add(uv, making, recipe, lock)
        _mark(making, lock_sha256, name, recipe.python)
        if final.exists():  # a broken one: out of the way first, a folder cannot be replaced
            broken = final.with_name(f".{final.name}.making-{secrets.token_hex(4)}")
            final.rename(broken)
            shutil.rmtree(broken, ignore_errors=True)
        making.rename(final)
    except (ToolFailed, ToolTimeout) as error:
        raise EnvironmentFailed(
            _explain_uv(name, recipe.lock, str(error), recipe.offline)
        ) from error
    except WriteFailed as error:
        raise EnvironmentFailed(f"cannot make the environment {name}: {error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    tell(f"made the environment {name} in {time.monotonic() - started:.1f} s")
    return Environment(final / "bin" / "python", final, lock_sha256)


def _sweep(final: Path) -> None:
    """Remove what killed processes left: of this environment now, of others when long forgotten."""
    long_ago = time.time() - _VENV_TIMEOUT - 2 * _INSTALL_TIMEOUT
    for stale in final.parent.glob(".*.making-*"):
        with suppress(OSError):
            if stale.name.startswith(f".{final.name}.") or stale.stat().st_mtime < long_ago:
                shutil.rmtree(stale, ignore_errors=True)


def _fill(uv: Path, making: Path, recipe: _Recipe) -> None:
    env = clean_env(**_UV)
    # In the cache folder, so that no pyproject.toml of the caller's folder configures uv.
    away = making.parent
    interpreter = making / "bin" / "python"
    venv: list[str | Path] = [uv, "venv", "--quiet", "--no-project", "--python", recipe.python]
    sync: list[str | Path] = [
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--compile-bytecode",
    ]
    if recipe.offline:
        sync.append("--offline")
    # Relocatable: the environment's scripts find their interpreter after the rename.
    run(
        [*venv, "--relocatable", making],
        timeout=_VENV_TIMEOUT,
        cwd=away,
        env=env,
        check=True,
    )
    argv = [*sync, "--python", interpreter, recipe.lock.absolute()]
    try:
        run(argv, timeout=_INSTALL_TIMEOUT, cwd=away, env=env, check=True)
    except ToolFailed as error:
        # uv brings its own list of authorities; a company's own is only in the system's list.
        if _CERTIFICATE_SIGN not in str(error):
            raise
        env |= {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}  # the new name and the old one
        run(argv, timeout=_INSTALL_TIMEOUT, cwd=away, env=env, check=True)


def _add(uv: Path, making: Path, recipe: _Recipe, lock: Path) -> None:
    """Install a lock of wheels that no index is asked for, and see that they lack nothing."""
    argv: list[str | Path] = [uv, "pip", "install", "--quiet", "--no-index", "--no-deps"]
    for link in recipe.links:
        argv += ["--find-links", link]
    argv += ["--require-hashes", "--compile-bytecode", "--python", making / "bin" / "python"]
    if recipe.offline:
        argv.append("--offline")
    argv += ["-r", lock.absolute()]
    env = clean_env(**_UV)
    done = run(argv, timeout=_INSTALL_TIMEOUT, cwd=making.parent, env=env)
    if not done.ok:
        raise EnvironmentFailed(_explain_wheels(recipe, lock, done.stderr.strip()))
    argv = [uv, "pip", "check", "--python", making / "bin" / "python"]
    done = run(argv, timeout=_INSTALL_TIMEOUT, cwd=making.parent, env=env)
    if not done.ok:
        raise EnvironmentFailed(
            f"the environment {recipe.name} lacks what {lock.name} depends on: add it to "
            f"pyproject.toml, lock again, and see that {recipe.lock.name} has it.\n"
            f"{done.stderr.strip()}"
        )


def _mark(making: Path, lock_sha256: str, name: str, python: Path) -> None:
    from gleis.tools.files import write_atomic

    content = {"name": name, "lock_sha256": lock_sha256, "base_python": str(python)}
    write_atomic(making / MARKER, json.dumps(content, indent=2) + "\n")


def _explain_uv(name: str, lock: Path, said: str, offline: bool) -> str:
    """What went wrong, where, why, and what to do, from what uv said."""
    head = f"cannot make the environment {name} from {lock}"
    low = said.lower()
    if any(sign in low for sign in _DISK_SIGNS):
        why = _full_disk()
    elif offline:
        why = "offline, and uv's cache does not hold every package; run it once with a network"
    elif any(sign in low for sign in _NETWORK_SIGNS):
        why = (
            "the package index was not reached. Check the network (UV_DEFAULT_INDEX names another "
            "index, HTTPS_PROXY a proxy, SSL_CERT_FILE a certificate) and run the command again"
        )
    elif any(sign in low for sign in _HASH_SIGNS):
        why = (
            "the index serves something else than the lock names. Do not go on before you know "
            "why; if the lock is old, compile it anew from its .in file"
        )
    else:
        why = "uv refused it"
    return f"{head}: {why}; nothing half-made is left.\n{said}"


def _explain_wheels(recipe: _Recipe, lock: Path, said: str) -> str:
    """Why a wheel was not installed, and how to get the right one."""
    head = f"cannot make the environment {recipe.name} from {lock}"
    low = said.lower()
    if any(sign in low for sign in _DISK_SIGNS):
        return f"{head}: {_full_disk()}"
    return (
        f"{head}: none of its wheels was found in {wheels.shown(recipe.links)}, with the hash that "
        f"stands in {lock.name} and for this Python ({platform.python_version()}, "
        f"{platform.machine()}). No package index is asked, because PyPI's torch for Linux is the "
        f"CUDA build. Get it: {wheels.HOW_TO_GET_TORCH}; nothing half-made is left.\n{said}"
    )


def _explain_os(name: str, lock: Path, error: OSError) -> str:
    head = f"cannot make the environment {name} from {lock}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{head}: {_full_disk()}"
    return (
        f"{head}: {error.strerror or error} ({error.filename or cache_dir()}); "
        "set GLEIS_CACHE to a folder that you may write"
    )


def _full_disk() -> str:
    free = ""
    with suppress(OSError):
        free = f" ({shutil.disk_usage(cache_dir()).free // 2**20} MiB free)"
    return (
        f"the disk of {cache_dir()} is full{free}; free some space, "
        "or set GLEIS_CACHE (and UV_CACHE_DIR) to a folder on another disk"
    )
