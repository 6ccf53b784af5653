"""The near side of a job's worker process: start it, ask it, end it with everything it started."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.errors import GleisError, ToolMissing
from gleis.tools.process import clean_env

_INSIDE = Path(__file__).parent / "inside"
_GRACE = 5.0  # seconds between asking a process group to end and ending it


class WorkerGone(ToolMissing):
    """The worker process ended in the middle of a command."""


class Cancelled(GleisError):
    """The run was interrupted while the worker was busy."""

    exit_code = 130


class TimedOut(GleisError):
    """A stage took longer than the pipeline allows."""

    exit_code = 1


@dataclass(frozen=True)
class Answer:
    """What a command came to: an exit code as a program would leave, a value, an error's words."""

    code: int
    result: Any = None
    error: str = ""


class Worker:
    """A Python process in a project's environment that runs a job's commands one after another."""

    def __init__(
        self,
        python: Path,
        root: Path,
        env: Mapping[str, str] | None = None,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        """`keep_open` are open files that the worker shares with us, such as the run's lock."""
        self._process = subprocess.Popen(
            [python, "-P", _INSIDE / "loop.py"],
            cwd=root,
            env={**clean_env(), **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            pass_fds=keep_open,
        )
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def module(self, module: str, argv: list[str], *, log: Path, timeout: float) -> Answer:
        """Run `python -m module argv…` inside. Raises TimedOut, Cancelled or WorkerGone."""
        return self._ask({"module": module, "argv": argv}, log, timeout)

    def call(
        self, script: str, function: str, arguments: dict[str, Any], *, log: Path, timeout: float
    ) -> Answer:
        """Call a function of one of the platform's scripts in `inside/`. Raises as `module`."""
        command = {"file": str(_INSIDE / script), "function": function, "arguments": arguments}
        return self._ask(command, log, timeout)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the worker alone, as an orchestrator would to a service."""
        self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """End the worker and everything in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put(None)

    def _ask(self, command: dict[str, Any], log: Path, timeout: float) -> Answer:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({**command, "log": str(log)}) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            self.end()
            raise TimedOut(
                f"took longer than {timeout / 60:g} minutes and was ended; see {log.name}, "
                "or raise the limit (training.maxHours in project.yaml for training)"
            ) from None
        except (OSError, ValueError):
            line = None
        if line is None:
            code = self._process.wait()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise WorkerGone(
                f"the worker process ended ({how}) in the middle of the stage; if the machine ran "
                f"out of memory, give it more or train on less data. Log: {log}"
            )
        answer = json.loads(line)
        return Answer(answer["code"], answer.get("result"), answer.get("error", ""))
