"""The root of every error that a user may see.

Each room has one family derived from `GleisError`. A message says what went wrong, where, why, and
what to do. Users never see a traceback for their own mistakes: the command line prints the message
and leaves with `exit_code`.
"""

from __future__ import annotations


class GleisError(Exception):
    """Something the user can mend. `exit_code` is what the command line leaves with.

    Exit codes: 1 the answer is no (findings, a failed gate), 2 wrong usage or input, 3 a tool or
    service that is needed is missing or broken.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class ToolMissing(GleisError):
    """A program or service that the command needs is not there or does not work."""

    exit_code = 3
