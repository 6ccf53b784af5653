"""Roots: the folders that Terraform is run in, with the files that make one state of each.

By convention `terraform/live/<cloud>/<environment>/` holds what belongs to an environment, and one
file makes one root of the stack of its name:

    *.tfbackend           where the environment's states are
    <layer>.tfvars        terraform/stacks/<cloud>/<layer>, state <environment>/<layer>.tfstate
    tenants/<team>.tfvars terraform/stacks/<cloud>/tenants, <environment>/tenants/<team>.tfstate

Any other folder is a root by itself, with the `*.tfbackend` and the files for variables in it that
Terraform reads anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gleis.infra.errors import InfraError

LIVE = Path("terraform/live")
STACKS = Path("terraform/stacks")
_TENANTS = "tenants"


@dataclass(frozen=True)
class Root:
    """A folder with code, and what makes one state of it. `backend` is the partial configuration
    (`key` …) beside `backend_file`; `environment` is empty where nothing tells it."""

    name: str
    folder: Path
    var_files: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    backend_file: Path | None = None
    backend: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""


def single(folder: Path, *, var_files: tuple[Path, ...] = ()) -> Root:
    """The root that `folder` is by itself. Raises InfraError when there is no Terraform in it."""
    if not folder.is_dir():
        raise InfraError(f"there is no folder {folder}: name the folder that holds the *.tf files")
    if not any(_code(folder)):
        raise InfraError(f"{folder} holds no *.tf file: name the folder that Terraform is run in")
    for file in var_files:
        if not file.is_file():
            raise InfraError(f"there is no file {file}: give the path of a .tfvars file")
    return Root(
        name=folder.resolve().name,
        folder=folder.resolve(),
        var_files=tuple(file.resolve() for file in var_files),
        backend_file=_backend_file(folder),
    )


def discover(top: Path, *, environment: str = "", cloud: str = "") -> tuple[Root, ...]:
    """The roots of the convention below `top`, in order; only those of `environment` and `cloud`.

    Raises InfraError when there is none, when a file has no stack, or when an environment has no
    backend file.
    """
    live = top / LIVE
    found = [
        root
        for folder in sorted(live.glob("*/*/"))
        if folder.parent.name == (cloud or folder.parent.name)
        and folder.name == (environment or folder.name)
        for root in _of_environment(top, folder)
    ]
    if not found:
        asked = "/".join(each for each in (cloud, environment) if each)
        raise InfraError(
            f"there is no root below {live}{f' for {asked}' if asked else ''}: put "
            f"{LIVE}/<cloud>/<environment>/<layer>.tfvars there, or name a folder with --root"
        )
    return tuple(found)


def _of_environment(top: Path, folder: Path) -> Iterator[Root]:
    cloud, environment = folder.parent.name, folder.name
    files = sorted(folder.glob("*.tfvars")) + sorted((folder / _TENANTS).glob("*.tfvars"))
    backend = _backend_file(folder)
    for file in files:
        parts = file.relative_to(folder).with_suffix("").parts
        stack = top / STACKS / cloud / parts[0]
        if not stack.is_dir():
            raise InfraError(
                f"{file.relative_to(top)} has no stack: there is no folder "
                f"{STACKS / cloud / parts[0]}"
            )
        if backend is None:
            raise InfraError(
                f"{folder.relative_to(top)} holds no *.tfbackend file, so nobody knows where its "
                "states are: save the output `backend_file` of the stack bootstrap there"
            )
        yield Root(
            name="/".join((cloud, environment, *parts)),
            folder=stack.resolve(),
            var_files=(file.resolve(),),
            variables={"environment": environment} | ({"team": parts[1]} if len(parts) > 1 else {}),
            backend_file=backend,
            backend={"key": "/".join((environment, *parts)) + ".tfstate"},
            environment=environment,
        )


def _backend_file(folder: Path) -> Path | None:
    found = sorted(folder.glob("*.tfbackend"))
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise InfraError(f"{folder} holds several backend files ({names}): keep one")
    return found[0].resolve() if found else None


def _code(folder: Path) -> Iterator[Path]:
    for pattern in ("*.tf", "*.tf.json"):
        yield from folder.glob(pattern)
