"""One job's worker: takes commands on stdin, runs them one after another, answers on stdout.

Started as `python -P loop.py` in the project's folder, leader of its own process group. Stages of a
job share what they import. When stdin ends, whoever started us is gone (even by `kill -9`), and the
whole group, with any service that a stage started, ends at once.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    commands = os.fdopen(os.dup(0), "r", encoding="utf-8")
    os.dup2(null, 0)  # a stage that asks a question gets an end of file, not a command
    sys.path.insert(0, os.path.abspath("src"))
    waiting: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(commands, waiting), daemon=True).start()
    while True:
        command = json.loads(waiting.get())
        answer = _execute(command)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _listen(commands: Any, waiting: Any) -> None:
    for line in commands:
        waiting.put(line)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _execute(command: dict[str, Any]) -> dict[str, Any]:
    """Run one command with its output in its log. Answers `code`, `result` and `error`."""
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    argv = sys.argv
    try:
        if "module" in command:
            return {"code": _run_module(command["module"], command["argv"])}
        return {
            "code": 0,
            "result": _call(command["file"], command["function"], command["arguments"]),
        }
    except SystemExit as leaving:
        return {"code": _code(leaving), "error": str(leaving.code or "")}
    except BaseException as error:
        traceback.print_exc()
        return {
            "code": 70,
            "error": f"{type(error).__name__}: {error}",
            "kind": type(error).__name__,
        }
    finally:
        sys.argv = argv
        sys.stdout.flush()
        sys.stderr.flush()


def _run_module(module: str, argv: list[str]) -> int:
    import runpy

    sys.argv = [module, *argv]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        return _code(leaving)
    return 0


def _code(leaving: SystemExit) -> int:
    """The exit code that Python itself would leave with."""
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code
    print(leaving.code, file=sys.stderr)
    return 1


def _call(file: str, function: str, arguments: dict[str, Any]) -> object:
    import importlib.util

    name = f"gleis_inside_{os.path.basename(file)[:-3]}"
    module = sys.modules.get(name)
    if module is None:
        spec: Any = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return getattr(module, function)(**arguments)


if __name__ == "__main__":
    main()
