"""What a module or stack of `terraform/` asks for and gives back, as typed values.

Read by python-hcl2, which is slow (some 15 ms a file), so what was read is kept by content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gleis.errors import GleisError, ToolMissing
from gleis.infra import blocks
from gleis.tools import environments
from gleis.tools.errors import WriteFailed
from gleis.tools.files import write_atomic

_PLACES = ("modules/contract", "modules/*/*", "stacks/*/*")
_KINDS = frozenset({"variable", "output", "terraform"})
_INTERPOLATION = re.compile(r"(?<!\$)\$\{[^{}]*\}")
_ESCAPE = re.compile(r"\\(.)", re.S)


class NotReadable(GleisError):
    """A file is no Terraform, or not of the form that `terraform fmt` gives it."""


@dataclass(frozen=True)
class Variable:
    """An input. `default` and `type` are expressions; no default makes it required."""

    name: str
    type: str
    written_type: str  # as it stands in the file: comments, line breaks
    default: str | None
    description: str
    nullable: bool
    sensitive: bool
    refused: tuple[str, ...]  # the message of each validation

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True)
class Output:
    name: str
    description: str
    sensitive: bool


@dataclass(frozen=True)
class Interface:
    """A module or stack, named by its path below `terraform/`, such as `modules/aws/registry`."""

    name: str
    variables: tuple[Variable, ...]
    outputs: tuple[Output, ...]
    required_version: str
    providers: Mapping[str, tuple[str, str]]  # name => source, version

    @property
    def cloud(self) -> str | None:
        """`aws`, `azure`, `gcp`; None for what is the same in every cloud."""
        parts = self.name.split("/")
        return parts[1] if len(parts) == 3 else None


def found(terraform: Path) -> list[str]:
    """The names of all modules and stacks below `terraform`, in order."""
    return sorted(
        path.parent.relative_to(terraform).as_posix()
        for place in _PLACES
        for path in terraform.glob(f"{place}/main.tf")
    )


def read_all(terraform: Path) -> list[Interface]:
    """Every module and stack below `terraform`, in order. Raises as `read` does."""
    return [read(terraform, name) for name in found(terraform)]


def read(terraform: Path, name: str) -> Interface:
    """The module or stack `name`, from the cache when its text is known.

    Raises NotReadable with file and line, ToolMissing where python-hcl2 is not installed.
    """
    files = {
        f"{name}/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted((terraform / name).glob("*.tf"))
    }
    texts = {file: text for file, text in _declarations(files) if text.strip()}
    kept = _kept(json.dumps([name, texts]))
    with suppress(OSError, ValueError, TypeError, KeyError):
        return _from_json(json.loads(kept.read_text(encoding="utf-8")))
    made = _interface(name, texts)
    with suppress(WriteFailed):  # a cache that cannot be written costs time only
        write_atomic(kept, json.dumps(asdict(made)))
    return made


def _declarations(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each file without what says nothing of the interface; the lines keep their numbers."""
    for file, text in files.items():
        lines = [""] * (text.count("\n") + 1)
        for block in blocks.split(text):
            if block.kind in _KINDS:
                inner = block.text.split("\n")
                lines[block.line - 1 : block.line - 1 + len(inner)] = inner
        yield file, "\n".join(lines)


def _kept(content: str) -> Path:
    from importlib.metadata import PackageNotFoundError, version

    try:
        parser = version("python-hcl2")
    except PackageNotFoundError:
        raise ToolMissing(
            "reading Terraform needs python-hcl2, which this environment lacks: "
            "install gleis with its extra `infra` (pip install 'gleis[infra]'), "
            "or use ./dev gleis in the checkout"
        ) from None
    readers = b"".join(Path(name).read_bytes() for name in (__file__, blocks.__file__))
    key = hashlib.sha256(f"{parser}\0{content}\0".encode() + readers)
    return environments.cache_dir() / "terraform" / f"{key.hexdigest()[:32]}.json"


def _from_json(data: dict[str, Any]) -> Interface:
    return Interface(
        data["name"],
        tuple(Variable(**{**it, "refused": tuple(it["refused"])}) for it in data["variables"]),
        tuple(Output(**it) for it in data["outputs"]),
        data["required_version"],
        {name: (source, version) for name, (source, version) in data["providers"].items()},
    )


def _interface(name: str, texts: Mapping[str, str]) -> Interface:
    written = {
        block.labels[0]: block.written("type") or "any"
        for text in texts.values()
        for block in blocks.split(text)
        if block.kind == "variable" and block.labels
    }
    variables: list[Variable] = []
    outputs: list[Output] = []
    required_version = ""
    providers: dict[str, tuple[str, str]] = {}
    for file, text in texts.items():
        parsed = _parse(file, text)
        for label, body in _labelled(parsed.get("variable", [])):
            variables.append(_variable(label, body, written[label]))
        for label, body in _labelled(parsed.get("output", [])):
            outputs.append(
                Output(label, _text(body.get("description", "")), bool(body.get("sensitive")))
            )
        for body in parsed.get("terraform", []):
            required_version = _text(body.get("required_version", "")) or required_version
            for wanted in body.get("required_providers", []):
                for provider, it in wanted.items():
                    if isinstance(it, dict):
                        providers[provider] = (_text(it["source"]), _text(it.get("version", "")))
    return Interface(name, tuple(variables), tuple(outputs), required_version, providers)


def _parse(file: str, text: str) -> dict[str, Any]:
    import hcl2
    from lark.exceptions import LarkError

    options = hcl2.SerializationOptions(with_comments=False, preserve_heredocs=False)
    try:
        return hcl2.loads(text + "\n", serialization_options=options)
    except LarkError as error:
        line = getattr(error, "line", None)
        place = f"terraform/{file}:{line}" if isinstance(line, int) else f"terraform/{file}"
        said = str(error).splitlines()[0]
        raise NotReadable(
            f"{place} cannot be read as Terraform: {said} terraform validate says more"
        ) from None


def _labelled(found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in found:
        for label, body in block.items():
            if isinstance(body, dict):
                yield label.strip('"'), body


def _variable(name: str, body: dict[str, Any], written: str) -> Variable:
    return Variable(
        name=name,
        type=_expression(body.get("type", "any")),
        written_type=written,
        default=_expression(body["default"]) if "default" in body else None,
        description=_text(body.get("description", "")),
        nullable=body.get("nullable", True) is not False,
        sensitive=bool(body.get("sensitive")),
        refused=tuple(_text(it.get("error_message", "")) for it in body.get("validation", [])),
    )


def _expression(value: Any) -> str:
    """A value of python-hcl2 8 as Terraform writes it.

    There, a string keeps its quotes, and any other expression comes as `${…}`.
    """
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_expression(it)}" for key, it in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_expression(it) for it in value)}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    return text[2:-1] if text.startswith("${") and text.endswith("}") else text


def _text(value: Any) -> str:
    """What a quoted string says; `…` stands for values that are known at run time only."""
    text = str(value)
    if len(text) < 2 or not (text[0] == text[-1] == '"'):
        return _expression(value)
    text, last = text[1:-1], ""
    while text != last:
        last, text = text, _INTERPOLATION.sub("…", text)
    text = _ESCAPE.sub(lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)
    return text.replace("$${", "${")
