"""Image builders: one file each, found by lying here.

A module has `BUILDER`, an object with the methods of `Builder`. Which one is used: the one that
`GLEIS_BUILDER` names, else the first in `ORDER` that can work on this machine.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from gleis.errors import GleisError, ToolMissing
from gleis.tools import catalogue

VARIABLE = "GLEIS_BUILDER"
# The one without a daemon and without root first; what is not named here comes after, by name.
ORDER = ("buildah", "buildkit", "docker")


class UnknownBuilder(GleisError):
    """GLEIS_BUILDER names something that is no builder."""


@dataclass(frozen=True)
class Recipe:
    """What to build. `context` holds the Dockerfile; `epoch` is the commit's time, in seconds."""

    context: Path
    name: str
    base: str
    epoch: int
    labels: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3600.0  # seconds

    @property
    def arguments(self) -> dict[str, str]:
        """Build arguments."""
        return {"SOURCE_DATE_EPOCH": str(self.epoch)}


class Service(Protocol):
    """A started image that serves at `url`."""

    url: str

    def ended(self) -> bool:
        """Whether it ended by itself."""

    def stop(self, seconds: float) -> int | None:
        """SIGTERM to the service; its exit code, None when it is still there after `seconds`."""

    def words(self) -> str:
        """The end of what it printed."""


@dataclass(frozen=True)
class Start:
    """How to start an image: its own `entrypoint` with `argv` added.

    `mounts` says for a host folder where it appears and how (`ro`, `rw`). With a `port` it is a
    service and told where to listen (`--host`, `--port`); with 0 it is a job that ends.
    """

    image: str
    entrypoint: tuple[str, ...]
    argv: tuple[str, ...]
    mounts: Mapping[Path, tuple[str, str]]
    port: int
    timeout: float

    def command(self, host: str) -> list[str]:
        """The whole command; the last `--host` and `--port` win over those of the image."""
        listen = ["--host", host, "--port", str(self.port)] if self.port else []
        return [*self.entrypoint, *self.argv, *listen]

    @property
    def volumes(self) -> list[str]:
        """The mounts as buildah and docker want them."""
        return [f"--volume={folder}:{place}:{how}" for folder, (place, how) in self.mounts.items()]


class Builder(Protocol):
    """A program that builds images; one that also runs them has `start`."""

    name: str
    tool: str

    def why_not(self) -> str:
        """Why it cannot work here; empty when it can."""

    def build(self, recipe: Recipe, target: Path) -> str:
        """Build into the OCI archive `target`; what the builder printed. Raises ToolFailed."""


class Engine(Builder, Protocol):
    """A builder that can start what was built."""

    def start(self, start: Start) -> AbstractContextManager[Service]:
        """Start an image on loopback; ended with the context, whatever happens."""


def builders() -> dict[str, Builder]:
    """The builders there are, in order of preference."""
    found = [import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    by_name: dict[str, Builder] = {module.BUILDER.name: module.BUILDER for module in found}
    order = [name for name in ORDER if name in by_name]
    return {name: by_name[name] for name in [*order, *sorted(set(by_name) - set(order))]}


def choose(environ: Mapping[str, str]) -> Builder:
    """The builder to use. Raises UnknownBuilder, or ToolMissing saying how to get one."""
    return next(_working(environ, "builds images"))


def engine(environ: Mapping[str, str]) -> Engine:
    """The first builder that can also run an image. Raises as `choose`."""
    for builder in _working(environ, "runs images"):
        if hasattr(builder, "start"):
            return builder  # type: ignore[return-value]
    raise ToolMissing(
        "the builder that is here cannot run an image; get buildah "
        f"({catalogue.how_to_get(catalogue.tool('buildah'))}) or a running dockerd"
    )


def _working(environ: Mapping[str, str], does: str) -> Iterator[Builder]:
    there = builders()
    wanted = environ.get(VARIABLE, "").strip()
    if wanted and wanted not in there:
        raise UnknownBuilder(f"{VARIABLE}={wanted} is no builder; there are {', '.join(there)}")
    reasons = []
    worked = False
    for name in [wanted] if wanted else there:
        why = there[name].why_not()
        if why:
            reasons.append(f"  {name}: {why}")
        else:
            worked = True
            yield there[name]
    if not worked:
        raise ToolMissing(f"nothing here {does}; one of these is needed:\n" + "\n".join(reasons))
