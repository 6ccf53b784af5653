"""Run an outside program: argv only, never a shell; timeout, captured output, clear errors."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gleis.tools.errors import ToolFailed, ToolMissing, ToolTimeout

# Variables that make one Python's settings leak into another Python that we start.
_PYTHON_LEAKS = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONEXECUTABLE",
    "PYTHONPLATLIBDIR",
    "PYTHONSAFEPATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
    "__PYVENV_LAUNCHER__",
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
    "CONDA_PREFIX",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
)
_PATIENCE_AFTER_KILL = 2.0  # seconds that output pipes may stay open after the kill
_running: set[subprocess.Popen[bytes]] = set()  # adding and discarding are atomic
_TAIL = 20  # lines of a failed program's output that the message quotes


@dataclass(frozen=True)
class Completed:
    """What a program did: its exit code (negative: the signal that ended it), output, duration."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.returncode == 0


def clean_env(**extra: str) -> dict[str, str]:
    """`os.environ` without what ties a child to *this* Python, plus `extra`.

    Also drops PYTHONDONTWRITEBYTECODE: without byte code every later start compiles again.
    """
    env = {name: value for name, value in os.environ.items() if name not in _PYTHON_LEAKS}
    return {**env, **extra}


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | bytes | None = None,
    check: bool = False,
) -> Completed:
    """Run `argv` to its end and return what it printed (UTF-8; undecodable bytes are replaced).

    `timeout` in seconds covers the program and its children: they form a process group of their
    own, which is killed when the time is over or when we are interrupted. Without `input` the
    program reads an empty standard input, so it can never wait for a person.

    Raises ToolMissing when there is no such program, ToolTimeout, and with `check` ToolFailed when
    the exit code is not 0.
    """
    words = tuple(os.fspath(word) for word in argv)
    if cwd is not None and not cwd.is_dir():
        raise NotADirectoryError(f"cannot run {words[0]} in {cwd}: no such folder")
    data = input.encode() if isinstance(input, str) else input
    started = time.monotonic()
    process = _start(words, cwd, env, data is not None)
    _running.add(process)
    try:
        out, err = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired:
        out, err = _kill(process)
        raise ToolTimeout(
            f"{_short(words)} took longer than {timeout:g} s and was stopped{_quote(out, err)}"
        ) from None
    except BaseException:
        _kill(process)
        raise
    finally:
        _running.discard(process)
    completed = Completed(
        words, process.returncode, _text(out), _text(err), time.monotonic() - started
    )
    if check and completed.returncode != 0:
        raise ToolFailed(
            f"{_short(words)} failed with {_ending(completed.returncode)}{_quote(out, err)}",
            completed,
        )
    return completed


def stop_all() -> None:
    """Kill what other threads of ours run: an interrupt reaches the main thread only.

    Their `run` returns as after any kill from outside, with a negative exit code.
    """
    for process in tuple(_running):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _start(
    words: tuple[str, ...], cwd: Path | None, env: Mapping[str, str] | None, with_input: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError):
        from gleis.tools import catalogue

        raise ToolMissing(catalogue.missing(words[0])) from None
    except OSError as error:  # no permission, wrong architecture, a script without a #! line
        raise ToolMissing(f"{words[0]} cannot be started: {error.strerror}") from error


def _kill(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End the whole group and return what it had printed."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=_PATIENCE_AFTER_KILL)
    except (subprocess.TimeoutExpired, ValueError, OSError):
        # A grandchild that left the group still holds the pipes: do not wait for it.
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()
        return b"", b""


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def _short(words: tuple[str, ...]) -> str:
    """The command as a person would recognise it, not longer than a line."""
    line = " ".join((Path(words[0]).name, *words[1:]))
    return line if len(line) <= 100 else line[:97] + "..."


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"signal {signal.Signals(-returncode).name}"
    except ValueError:
        return f"signal {-returncode}"


def _quote(out: bytes, err: bytes) -> str:
    """The end of what the program said: standard error, or else standard output."""
    lines = _text(err if err.strip() else out).strip().splitlines()
    if not lines:
        return ""
    return ":\n" + "\n".join("  " + line for line in lines[-_TAIL:])
