"""The error family of the room `infra`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gleis.errors import GleisError

if TYPE_CHECKING:
    from gleis.tools.process import Completed


class InfraError(GleisError):
    """A root, a plan or a table of prices is not what it should be."""


class TerraformFailed(InfraError):
    """Terraform ended with an error. `completed` holds all that it said: show the message only."""

    exit_code = 3

    def __init__(self, message: str, completed: Completed) -> None:
        super().__init__(message)
        self.completed = completed
