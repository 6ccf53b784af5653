"""The `gleis` command: parses arguments, calls one function, prints its result.

A command is one file in this folder (`cli/<command>.py`) with a docstring, `add_arguments(parser)`
and `run(args) -> exit code`. Only the file of the command that was asked for is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

_FOLDER = Path(__file__).parent
_USAGE = 2
_INTERRUPTED = 130


def commands() -> list[str]:
    """Names of all commands: the files of this folder."""
    return sorted(
        path.stem.replace("_", "-")
        for path in _FOLDER.glob("*.py")
        if not path.stem.startswith("_")
    )


def main(argv: list[str] | None = None) -> int:
    """Run `gleis` with `argv` (default: the process's own) and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] in (["--version"], ["-V"]):
        import gleis

        print(f"gleis {gleis.__version__}")
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if words else _USAGE
    name = words[0]
    if name.startswith("-") or name not in commands():
        import difflib

        close = difflib.get_close_matches(name, commands(), n=1)
        guess = f" Did you mean `gleis {close[0]}`?" if close else ""
        print(f"gleis: no command {name!r}.{guess}\n\n{_overview()}", file=sys.stderr)
        return _USAGE
    return _run(name, words[1:])


def _run(name: str, words: list[str]) -> int:
    import argparse
    from importlib import import_module

    from gleis.errors import GleisError

    try:
        module = import_module(f"gleis.cli.{name.replace('-', '_')}")
        parser = argparse.ArgumentParser(
            prog=f"gleis {name}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(parser)
        code: int = module.run(parser.parse_args(words))
    except GleisError as error:
        print(f"gleis {name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"\ngleis {name}: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        sys.stderr.close()
        return 0
    return code


def _overview() -> str:
    """The list of commands; each first line is read from its file, not imported."""
    width = max(len(name) for name in commands())
    lines = [f"  {name:<{width}}  {_first_line(name)}" for name in commands()]
    return "\n".join(
        [
            "usage: gleis COMMAND …      (gleis COMMAND --help says more, gleis --version)",
            "",
            "The golden track for machine-learning repos.",
            "",
            *lines,
        ]
    )


def _first_line(name: str) -> str:
    text = (_FOLDER / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    return text.lstrip('"').partition("\n")[0].rstrip('"').rstrip(".")
