"""CI definitions: GitHub workflows and actions, and Jenkinsfiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gleis.check.inputs import Collected, collect, provides
from gleis.check.rule import Kind
from gleis.check.tree import CannotCheck, Reader, Text
from gleis.contract import ContractError
from gleis.contract.document import parse

_FIXTURES = "tests/check/fixtures/"
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_ACTION = re.compile(r"(.+/)?action\.ya?ml")
_LIBRARY = re.compile(
    r"""(?:@Library\s*\(\s*\[?|\blibrary\s*\(?\s*(?:identifier\s*:\s*)?)((?:\s*,?\s*(?:'[^'\n]*'|"[^"\n]*"))+)"""
)
_QUOTED = re.compile(r"""'([^'\n]*)'|"([^"\n]*)\"""")


@dataclass(frozen=True)
class Use:
    """A reference to code from elsewhere: `value` such as `actions/checkout@<ref>`.

    `comment` is what stands behind it on its line.
    """

    file: str
    value: str
    line: int
    column: int
    comment: str = ""


@dataclass(frozen=True)
class Pipeline:
    """One CI file and all that it takes from elsewhere."""

    file: str
    uses: tuple[Use, ...]


@provides()
def workflows(reader: Reader, kind: Kind) -> Collected[Pipeline]:
    """Workflows in .github/workflows, and actions that the repo itself defines."""
    paths = reader.files(lambda path: _WORKFLOW.fullmatch(path) or _ACTION.fullmatch(path))
    return collect(reader, _run_by_ci(paths, kind), _workflow)


def _workflow(reader: Reader, path: str) -> Pipeline | None:
    text = reader.text(path)
    if text is None:
        return None
    try:
        loaded = parse(text.text, Path(path), name=path)
    except ContractError as error:
        first = error.problems[0]
        raise CannotCheck(first.message, path, first.line) from None
    uses = []
    for pointer, (line, column) in loaded.values.items():
        if pointer and pointer[-1] == "uses" and _is_reference(pointer):
            value = loaded.get(*pointer)
            rest = text.line(line)[column - 1 :]
            comment = rest.partition(" #")[2].strip()
            uses.append(Use(path, str(value), line, column, comment))
    return Pipeline(path, tuple(uses))


def _is_reference(pointer: tuple[str | int, ...]) -> bool:
    """`jobs.<id>.uses`, `….steps[n].uses`, `runs.steps[n].uses`; not an input called uses."""
    match pointer:
        case ("jobs", _, "uses") | ("jobs", _, "steps", int(), "uses"):
            return True
        case ("runs", "steps", int(), "uses"):
            return True
    return False


@provides()
def jenkinsfiles(reader: Reader, kind: Kind) -> Collected[Pipeline]:
    """Jenkinsfiles and the shared libraries that they load."""
    return collect(reader, _run_by_ci(reader.files(_is_jenkinsfile), kind), _jenkinsfile)


def _run_by_ci(paths: Iterable[str], kind: Kind) -> list[str]:
    """`paths` without what the platform's own tests of these very rules hold."""
    own = kind is Kind.PLATFORM
    return [path for path in paths if not (own and path.startswith(_FIXTURES))]


def _is_jenkinsfile(path: str) -> bool:
    name = PurePosixPath(path).name
    return name == "Jenkinsfile" or name.startswith("Jenkinsfile.") or name.endswith(".jenkinsfile")


def _jenkinsfile(reader: Reader, path: str) -> Pipeline | None:
    text = reader.text(path)
    return None if text is None else Pipeline(path, tuple(_libraries(text)))


def _libraries(text: Text) -> Iterator[Use]:
    code = _without_comments(text.text)
    for match in _LIBRARY.finditer(code):
        for quoted in _QUOTED.finditer(code, match.start(1), match.end(1)):
            line, column = text.position(quoted.start())
            comment = text.line(line).rpartition("//")[2].strip()
            yield Use(text.path, quoted.group(1) or quoted.group(2) or "", line, column, comment)


def _without_comments(code: str) -> str:
    """Groovy with comments blanked out, every other character in its place."""
    pattern = re.compile(
        r"""('''(?:\\.|.)*?'''|\"{3}(?:\\.|.)*?\"{3}|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")"""
        r"""|(//[^\n]*|/\*.*?\*/)""",
        re.DOTALL,
    )
    return pattern.sub(lambda m: m.group(1) or re.sub(r"[^\n]", " ", m.group(2)), code)
