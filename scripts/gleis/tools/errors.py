"""The error family of the room `tools`: an outside program or the file system let us down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gleis.errors import GleisError, ToolMissing

if TYPE_CHECKING:
    from gleis.tools.process import Completed

__all__ = ["ToolError", "ToolFailed", "ToolMissing", "ToolTimeout", "WriteFailed"]


class ToolError(GleisError):
    """Something outside of Gleis is broken, too slow or unreachable."""

    exit_code = 3


class ToolFailed(ToolError):
    """A program ended with another exit code than 0; `completed` holds what it said."""

    def __init__(self, message: str, completed: Completed) -> None:
        super().__init__(message)
        self.completed = completed


class ToolTimeout(ToolError):
    """A program ran longer than it may; it and all its children were killed."""


class WriteFailed(ToolError):
    """A file could not be written (disk full, no permission); the old content is untouched."""
