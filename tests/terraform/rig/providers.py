"""Providers for tests: the real one where a machine has it, else one that knows its schema only."""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from gleis.tools import environments

from . import bindings, tree

Init = Callable[[Path], None]
REGISTRY = "registry.terraform.io"
REAL, SCHEMA_ONLY = KINDS = ("real", "schema-only")
_MIRRORS = ("/opt", "/usr/share/terraform", "/usr/local/share/terraform", "~/.terraform.d")
_TYPE = re.compile(r'^(resource|data)\s+"((\w+?)_\w+)"', re.M)


@dataclass(frozen=True)
class Providers:
    """Where the program of each provider lies, and which of KINDS it is."""

    places: Mapping[str, Path]
    kinds: Mapping[str, str]

    def kind(self, name: str) -> str:
        return self.kinds[name]

    @classmethod
    def find(cls, python: Path, init: Init) -> Providers:
        """A provider for each name that `terraform/` uses; `python` is where schemas are served.

        The real one comes from a mirror, else from the registry, where there is one: `init` brings
        it there.
        """
        wanted = sorted({each.provider for each in tree.modules() if each.provider})
        mirrors = [] if os.environ.get("GLEIS_TF_SCHEMA_ONLY") else list(_mirrors(wanted, init))
        places: dict[str, Path] = {}
        kinds: dict[str, str] = {}
        for name in wanted:
            real = next(filter(None, (_in_mirror(each, name) for each in mirrors)), None)
            places[name] = real or schema_only(name, set(_types(name)), python)
            kinds[name] = REAL if real else SCHEMA_ONLY
        return cls(places, kinds)


def _mirrors(wanted: Sequence[str], init: Init) -> Iterator[Path]:
    """Filesystem mirrors that have some of `wanted`: this machine's, and what a registry gave."""
    mirror = find_mirror()
    if mirror is not None:
        yield mirror
    missing = [each for each in wanted if mirror is None or _in_mirror(mirror, each) is None]
    brought = environments.cache_dir() / "tests" / "terraform-registry"
    kept = brought / ".terraform" / "providers"
    if missing and not all(_in_mirror(kept, each) for each in missing) and _answers(REGISTRY):
        brought.mkdir(parents=True, exist_ok=True)
        blocks = "".join(f'    {each} = {{ source = "hashicorp/{each}" }}\n' for each in missing)
        code = f"terraform {{\n  required_providers {{\n{blocks}  }}\n}}\n"
        (brought / "main.tf").write_text(code)
        init(brought)
    yield kept


def _answers(host: str) -> bool:
    try:
        with socket.create_connection((host, 443), timeout=3):
            return True
    except OSError:
        return False


def find_mirror() -> Path | None:
    """The filesystem mirror of this machine: GLEIS_TF_MIRROR, or where the provider of AWS lies."""
    said = os.environ.get("GLEIS_TF_MIRROR")
    if said:
        return Path(said)
    for root in _MIRRORS:
        place = Path(root).expanduser()
        for found in place.glob("**/hashicorp/aws/*/*/terraform-provider-aws_v*"):
            return found.parents[5]
    return None


def _in_mirror(mirror: Path, name: str) -> Path | None:
    found = sorted(mirror.glob(f"*/hashicorp/{name}/*/*/terraform-provider-{name}_v*"))
    return found[-1].parent if found else None


def schema_only(name: str, types: Set[str], python: Path) -> Path:
    """The folder of a program that serves the schemas of `types`; `python` runs it."""
    schema = bindings.kept(name, types)
    folder = schema.with_suffix("")
    program = folder / f"terraform-provider-{name}_v0.0.0"
    folder.mkdir(exist_ok=True)
    words = [str(python), "-P", str(Path(__file__).with_name("serve.py")), str(schema), name]
    script = f"#!/bin/sh\nexec {shlex.join(words)}\n"
    if not program.is_file() or program.read_text() != script:
        new = program.with_name(f".{program.name}.{os.getpid()}")
        new.write_text(script)
        new.chmod(0o755)
        new.rename(program)
    return folder


def _types(name: str) -> Iterator[str]:
    """Resources and data sources that `terraform/` uses of this provider."""
    for path in tree.TERRAFORM.rglob("*.tf"):
        for kind, found, prefix in _TYPE.findall(path.read_text()):
            if prefix == name:
                yield f"data.{found}" if kind == "data" else found
