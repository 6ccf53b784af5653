"""The modules and stacks of `terraform/`, found by folder, and copies for tests to use."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
TERRAFORM = REPO / "terraform"
# What stacks read besides their modules.
_BESIDE = ("platform.yaml",)
_SOURCE = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"]+)"', re.M)
_PROVIDER = re.compile(r'source\s*=\s*"hashicorp/(\w+)"')
_KEPT_OUT = shutil.ignore_patterns(".terraform*", "*.tfstate*", "live")


@dataclass(frozen=True, order=True)
class Module:
    """A folder of Terraform by its path below `terraform/`, such as `modules/aws/registry`."""

    name: str

    @property
    def folder(self) -> Path:
        return TERRAFORM / self.name

    @property
    def example(self) -> Path | None:
        place = self.folder / "examples" / "default"
        return place if place.is_dir() else None

    @property
    def tested(self) -> bool:
        return any(self.folder.glob("tests/*.tftest.hcl"))

    @property
    def provider(self) -> str | None:
        """`aws`, `azurerm`, `google`, or none."""
        versions = self.folder / "versions.tf"
        found = _PROVIDER.search(versions.read_text()) if versions.is_file() else None
        return found[1] if found else None

    def digest(self) -> str:
        """SHA-256 over every file of the module and of the modules that it calls."""
        found = hashlib.sha256()
        for folder in sorted(_closure(self.folder.resolve())):
            for path in sorted(_files(folder)):
                found.update(str(path.relative_to(TERRAFORM)).encode() + b"\0")
                found.update(path.read_bytes() + b"\0")
        return found.hexdigest()


@cache
def modules() -> tuple[Module, ...]:
    """Every module and stack, in order."""
    found = {
        path.parent.relative_to(TERRAFORM).as_posix()
        for pattern in ("modules/contract", "modules/*/*", "stacks/*/*")
        for path in TERRAFORM.glob(f"{pattern}/main.tf")
    }
    return tuple(sorted(Module(name) for name in found if "/examples" not in name))


def copy(into: Path) -> Path:
    """A copy of `terraform/` and what lies beside it; the folder of the copy."""
    shutil.copytree(TERRAFORM, into / "terraform", ignore=_KEPT_OUT)
    for name in _BESIDE:
        shutil.copy(REPO / name, into / name)
    return into / "terraform"


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.suffix in {".tf", ".hcl"}:
            yield path


def _closure(folder: Path) -> set[Path]:
    """`folder` and what it calls, what that calls, and so on."""
    found, waiting = set(), [folder]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        for path in _files(here):
            if path.suffix == ".tf":
                for source in _SOURCE.findall(path.read_text()):
                    waiting.append((path.parent / source).resolve())
    return found
