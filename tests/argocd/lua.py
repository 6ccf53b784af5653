"""Health checks run as Argo CD runs them: Lua 5.1 with little more than the language.

Argo CD opens `base`, `package`, `table` and two functions of `os` to a script of argocd-cm
(argoproj/argo-cd, util/lua/lua.go); `string` and `math` only where useOpenLibs is set, which ours
do without. What it does not open is taken away here, methods of strings included.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .rig import programs

HEALTH = programs.REPO / "argocd" / "health"
STATUSES = ("Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown")

_CLOSE = """
os = { time = os.time, date = os.date }
getmetatable("").__index = nil
string, math, io, debug, coroutine, python = nil, nil, nil, nil, nil, nil
dofile, loadfile, require = nil, nil, nil
"""


@dataclass(frozen=True)
class Case:
    """One entry of a health_test.yaml: an object, and what is to be said about it."""

    folder: Path
    input: str
    expected: dict[str, str]

    @property
    def file(self) -> Path:
        return self.folder / self.input

    def object(self) -> Any:
        return yaml.safe_load(self.file.read_text())

    def __str__(self) -> str:
        return f"{self.folder.name}-{Path(self.input).stem}"


def folders() -> list[Path]:
    """The folders <group>/<Kind> that hold a health check."""
    return sorted(script.parent for script in HEALTH.glob("*/*/health.lua"))


def cases(folder: Path) -> list[Case]:
    """What health_test.yaml of a folder asks for, in upstream's format."""
    document = yaml.safe_load((folder / "health_test.yaml").read_text())
    return [Case(folder, each["inputPath"], each["healthStatus"]) for each in document["tests"]]


def health(script: str, item: Any) -> dict[str, str]:
    """What the script says about the object. Raises lupa.lua51.LuaError where the script breaks."""
    from lupa import lua51

    runtime = lua51.LuaRuntime(register_eval=False, register_builtins=False)
    runtime.execute(_CLOSE)
    runtime.globals()["obj"] = _table(runtime, item)
    said = dict(runtime.execute(script).items())
    assert set(said) <= {"status", "message"}, said
    assert said["status"] in STATUSES, said
    return said


def _table(runtime: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return runtime.table_from(
            {key: _table(runtime, each) for key, each in value.items() if each is not None}
        )
    if isinstance(value, list):
        return runtime.table_from([_table(runtime, each) for each in value])
    return value
