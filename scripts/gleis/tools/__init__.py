"""Outside programs: run them, find them, make Python environments; and files written whole.

`process` runs a program, `catalogue` is the one table of outside tools, `environments` makes an
environment from a lock, `files` writes and hashes. The names below are loaded on first use, so that
`import gleis.tools` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gleis.tools.catalogue import find, require
    from gleis.tools.environments import Environment, ensure
    from gleis.tools.errors import ToolError, ToolFailed, ToolMissing, ToolTimeout, WriteFailed
    from gleis.tools.files import sha256, tree_sha256, write_atomic
    from gleis.tools.process import Completed, clean_env, run

__all__ = [
    "Completed",
    "Environment",
    "ToolError",
    "ToolFailed",
    "ToolMissing",
    "ToolTimeout",
    "WriteFailed",
    "clean_env",
    "ensure",
    "find",
    "require",
    "run",
    "sha256",
    "tree_sha256",
    "write_atomic",
]

_HOME = {
    "Completed": "process",
    "Environment": "environments",
    "ToolError": "errors",
    "ToolFailed": "errors",
    "ToolMissing": "errors",
    "ToolTimeout": "errors",
    "WriteFailed": "errors",
    "clean_env": "process",
    "ensure": "environments",
    "find": "catalogue",
    "require": "catalogue",
    "run": "process",
    "sha256": "files",
    "tree_sha256": "files",
    "write_atomic": "files",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'gleis.tools' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"gleis.tools.{_HOME[name]}"), name)
    globals()[name] = value
    return value
