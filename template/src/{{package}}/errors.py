"""What goes wrong on the user's side, told in one line instead of a traceback."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable

_FULL = {errno.ENOSPC, errno.EDQUOT}


class InputError(Exception):
    """Something is missing or wrong that only a person can mend; the message says what."""


Main = Callable[[list[str] | None], int]


def one_line(command: str) -> Callable[[Main], Callable[..., int]]:
    """Let a `main` end with one line and exit code 2 when the input or the disk is at fault."""

    def decorate(main: Main) -> Callable[..., int]:
        @functools.wraps(main)
        def run(argv: list[str] | None = None) -> int:
            try:
                return main(argv)
            except InputError as error:
                reason = str(error)
            except OSError as error:
                reason = _explain(error)
            print(f"{command}: {reason}", file=sys.stderr)
            return 2

        return run

    return decorate


def _explain(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _FULL:
        return f"no space left on the disk{where}. Free some and run again; nothing is half-written"
    return f"{error.strerror or error}{where}"
