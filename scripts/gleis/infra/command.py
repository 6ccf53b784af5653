"""The words of a Terraform command.

python-terraform makes them where it is installed (the extra `python-terraform`); else we do, in
the same way.
It never runs anything for us: it knows no time limit. See docs/decisions/010-terraform-runs.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any


class _Flag:
    """An option without a value, such as `-json`."""


FLAG = _Flag()
Option = str | bool | _Flag | list[str] | None


def words(program: Sequence[str], name: str, *arguments: str, **options: Option) -> list[str]:
    """`words(["terraform"], "show", "p", json=FLAG)` is `["terraform", "show", "-json", "p"]`.

    None leaves an option out, a list gives it several times; `_` in its name is `-`.
    """
    made = with_library(name, arguments, options)
    return [*program, *(ours(name, arguments, options) if made is None else made)]


def ours(name: str, arguments: Sequence[str], options: dict[str, Option]) -> list[str]:
    made = name.split()
    for option, value in options.items():
        dashed = "-" + option.replace("_", "-")
        if isinstance(value, _Flag):
            made.append(dashed)
        elif isinstance(value, list):
            made += [f"{dashed}={each}" for each in value]
        elif isinstance(value, bool):
            made.append(f"{dashed}={str(value).lower()}")
        elif value is not None:
            made.append(f"{dashed}={value}")
    return [*made, *arguments]


def with_library(
    name: str, arguments: Sequence[str], options: dict[str, Option]
) -> list[str] | None:
    try:
        import python_terraform
    except ImportError:
        return None
    # It reads terraform.tfstate of its folder as soon as it is made: give it one without.
    builder: Any = python_terraform.Terraform(working_dir=str(Path(gettempdir(), "gleis-none")))
    flags = {
        option: python_terraform.IsFlagged if isinstance(value, _Flag) else value
        for option, value in options.items()
    }
    made: list[str] = builder.generate_cmd_string(name, *arguments, **flags)
    return made[1:]
