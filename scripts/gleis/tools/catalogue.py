"""The one table of outside tools: what each is for, how old it may be, and how to get it.

Errors, `gleis doctor` and the NOT RUN list of the tests all speak from this table.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gleis.tools import wheels
from gleis.tools.errors import ToolMissing

State = Literal["ok", "too old", "missing", "broken"]
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_VERSION_TIMEOUT = 30.0  # seconds; a browser's first start is slow


@dataclass(frozen=True)
class Tool:
    """An outside program. `minimum` is the oldest version that works, `""` for any."""

    name: str
    why: str
    needed_by: tuple[str, ...]
    install: Mapping[str, str]  # debian | pypi | macos | any -> how it is installed
    minimum: str = ""
    version_argv: tuple[str, ...] = ("--version",)  # empty: the file's name tells
    required: bool = False
    commands: tuple[str, ...] = ()  # names to look for, in order, when not just `name`
    places: tuple[str, ...] = ()  # full paths outside PATH where systems put it
    debian_packages: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Status:
    """What `status` found out about one tool on this machine."""

    tool: Tool
    state: State
    path: Path | None
    version: str


TOOLS: tuple[Tool, ...] = (
    Tool(
        name="git",
        why="versions of the project, of the template and of every run",
        needed_by=("gleis run", "gleis promote", "gleis demo", "gleis update", "copier copy"),
        install={"debian": "apt-get install git", "macos": "brew install git"},
        minimum="2.38",  # the first with `git merge-tree --write-tree`
        required=True,
        debian_packages=("git",),
    ),
    Tool(
        name="uv",
        why="makes the environment of each project, and of Checkov, from a lock",
        needed_by=("gleis run", "gleis check", "gleis demo"),
        install={"pypi": "pip install uv", "macos": "brew install uv"},
        minimum="0.6",
        required=True,
    ),
    Tool(
        name="chromium",
        why="opens the report as a reader would, in the tests",
        needed_by=("./dev test --real",),
        install={
            "debian": "apt-get install chromium",
            "macos": "brew install --cask chromium",
        },
        commands=("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        places=(
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ),
        debian_packages=("chromium",),
    ),
    Tool(
        name="torch-cpu-wheel",
        why="PyPI's torch for Linux is the CUDA build, so the CPU build is taken from a folder",
        needed_by=("gleis run in a PyTorch repo", "gleis demo --framework pytorch"),
        install={"any": wheels.HOW_TO_GET_TORCH},
        version_argv=(),
    ),
    Tool(
        name="groovy",
        why="runs the Jenkins pipeline outside of Jenkins, in the tests",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install groovy default-jre-headless"},
        minimum="2.4",  # what Jenkins embeds
        debian_packages=("groovy", "default-jre-headless"),
    ),
    Tool(
        name="npm",
        why="brings npm-groovy-lint, which looks at the Jenkins pipeline, in the tests",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install npm", "macos": "brew install node"},
        debian_packages=("npm",),
    ),
    Tool(
        name="buildah",
        why="builds and starts images without a daemon",
        needed_by=("gleis run --environment dev (image, smoke)",),
        install={"debian": "apt-get install buildah"},
        minimum="1.28",
        debian_packages=("buildah", "crun"),
    ),
    Tool(
        name="docker",
        why="builds and starts images where a dockerd is running",
        needed_by=("gleis run --environment dev (image, smoke)",),
        install={"debian": "apt-get install docker.io", "macos": "brew install --cask docker"},
        minimum="20.10",
        debian_packages=("docker.io",),
    ),
    Tool(
        name="dockerd",
        why="the daemon behind docker, in the tests",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install docker.io"},
        debian_packages=("docker.io",),
    ),
    Tool(
        name="buildctl",
        why="builds images with BuildKit where a buildkitd is running",
        needed_by=("gleis run --environment dev (image)",),
        install={"macos": "brew install buildkit"},
        minimum="0.13",
    ),
    Tool(
        name="cosign",
        why="signs images as the identity of the CI build; without it a key file signs",
        needed_by=("gleis run --environment dev (sign), in CI",),
        install={"macos": "brew install cosign"},
        minimum="2.0",
        version_argv=("version",),
    ),
    Tool(
        name="trivy",
        why="knows vulnerabilities of an image's system packages",
        needed_by=("gleis run --environment dev (scan)",),
        install={"macos": "brew install trivy"},
    ),
    Tool(
        name="grype",
        why="knows vulnerabilities of an image's system packages",
        needed_by=("gleis run --environment dev (scan)",),
        install={"macos": "brew install grype"},
    ),
    Tool(
        name="terraform",
        why="plans changes of clouds, finds drift and estimates costs",
        needed_by=("gleis infra", "gleis run in a repo with infra/ (infra-plan)"),
        install={
            "debian": "apt-get install terraform, from https://apt.releases.hashicorp.com",
            "macos": "brew install hashicorp/tap/terraform",
            "any": "https://developer.hashicorp.com/terraform/install",
        },
        minimum="1.11",  # what the modules ask for: S3 states that lock without a table
        version_argv=("version",),
    ),
    Tool(
        name="helm",
        why="renders what the clusters would get",
        needed_by=("gleis gitops preview",),
        install={
            "macos": "brew install helm",
            "any": "https://helm.sh/docs/intro/install/",
        },
        minimum="3.17",  # the oldest that our charts are rendered with in the tests
        version_argv=("version", "--short"),
    ),
    Tool(
        name="prometheus",
        why="answers what rules, roll-outs and dashboards ask, in the tests",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install prometheus", "macos": "brew install prometheus"},
        minimum="2.42",  # the first that keeps an alert firing (keep_firing_for)
        debian_packages=("prometheus",),
    ),
    Tool(
        name="promtool",
        why="runs the unit tests of alert rules",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install prometheus", "macos": "brew install prometheus"},
        minimum="2.42",
        debian_packages=("prometheus",),
    ),
    Tool(
        name="alertmanager",
        why="sends an alert to its owner, in the tests",
        needed_by=("./dev test --real",),
        install={
            "debian": "apt-get install prometheus-alertmanager",
            "macos": "brew install alertmanager",
        },
        minimum="0.25",
        commands=("prometheus-alertmanager", "alertmanager"),
        debian_packages=("prometheus-alertmanager",),
    ),
    Tool(
        name="amtool",
        why="tells which receiver an alert is routed to, in the tests",
        needed_by=("./dev test --real",),
        install={
            "debian": "apt-get install prometheus-alertmanager",
            "macos": "brew install alertmanager",
        },
        minimum="0.25",
        debian_packages=("prometheus-alertmanager",),
    ),
    Tool(
        name="docker-registry",
        why="an image registry on loopback, in the tests",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install docker-registry"},
        debian_packages=("docker-registry",),
    ),
    Tool(
        name="debootstrap",
        why="makes a base image where none can be pulled, in the tests",
        needed_by=("./dev test --real",),
        install={"debian": "apt-get install debootstrap"},
        places=("/usr/sbin/debootstrap",),
        debian_packages=("debootstrap",),
    ),
)


def tool(name: str) -> Tool:
    """The entry called `name`; KeyError (with the names there are) is a programmer's mistake."""
    for entry in TOOLS:
        if entry.name == name:
            return entry
    raise KeyError(f"no tool {name!r} in the catalogue: {', '.join(t.name for t in TOOLS)}")


def find(name: str) -> Path | None:
    """Where the tool is, or None. Looks, but starts nothing."""
    entry = tool(name)
    if name == "uv":
        return _find_uv()
    if name == "torch-cpu-wheel":
        return wheels.cpu_torch()
    for command in entry.commands or (entry.name,):
        found = shutil.which(command)
        if found:
            return Path(found)
    return next((Path(place) for place in entry.places if os.access(place, os.X_OK)), None)


def require(name: str) -> Path:
    """Where the tool is; raises ToolMissing saying who needs it and how to get it."""
    found = find(name)
    if found is None:
        raise ToolMissing(missing(name))
    return found


def version(entry: Tool) -> str | None:
    """The version that the tool itself reports, None when it is not there or does not run."""
    found = find(entry.name)
    return _version_of(found, entry) if found else None


def status(entry: Tool) -> Status:
    """Whether the tool is there, runs and is new enough."""
    found = find(entry.name)
    if found is None:
        return Status(entry, "missing", None, "")
    reported = _version_of(found, entry)
    if reported is None:
        return Status(entry, "broken", found, "")
    if entry.minimum and numbers(reported) < numbers(entry.minimum):
        return Status(entry, "too old", found, reported)
    return Status(entry, "ok", found, reported)


def missing(name: str) -> str:
    """The sentence for a tool that is not there: who needs it and how to get it."""
    word = Path(name).name
    try:
        entry = tool(word)
    except KeyError:
        return f"{name} was not found"
    told = os.environ.get("GLEIS_UV", "") if entry.name == "uv" else ""
    where = f" at $GLEIS_UV ({told})" if told else ""
    return (
        f"{entry.name} was not found{where}; needed by {', '.join(entry.needed_by)} ({entry.why}). "
        f"Get it: {how_to_get(entry)}"
    )


def how_to_get(entry: Tool) -> str:
    """The install lines for this system; all of them where we do not know the system."""
    labels = {"debian": "Debian/Ubuntu", "pypi": "PyPI", "macos": "macOS", "any": "any system"}
    fitting = ("macos", "pypi", "any") if sys.platform == "darwin" else ("debian", "pypi", "any")
    chosen = [key for key in fitting if key in entry.install] or list(entry.install)
    return " or ".join(f"{entry.install[key]} ({labels.get(key, key)})" for key in chosen)


def numbers(text: str) -> tuple[int, ...]:
    """`"2.39.5"` -> (2, 39, 5); what is no number ends the version."""
    match = _VERSION.search(text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def _version_of(path: Path, entry: Tool) -> str | None:
    from gleis.tools.errors import ToolError
    from gleis.tools.process import run

    if not entry.version_argv:
        match = _VERSION.search(path.name)
        return match.group() if match else None
    try:
        done = run([path, *entry.version_argv], timeout=_VERSION_TIMEOUT)
    except (ToolError, ToolMissing):
        return None
    match = _VERSION.search(done.stdout) or _VERSION.search(done.stderr)
    return match.group() if done.ok and match else None


def _find_uv() -> Path | None:
    """Look for uv where it fits best: told, beside our Python, its package, PATH.

    Our own comes before PATH's, because a pinned one is known to work, and what PATH has may be a
    launcher of a version manager that fails when it is run.
    """
    told = os.environ.get("GLEIS_UV", "")
    if told:
        return Path(told) if os.access(told, os.X_OK) else None
    beside = Path(sys.executable).parent / "uv"
    if os.access(beside, os.X_OK):
        return beside
    try:
        import uv

        return Path(os.fsdecode(uv.find_uv_bin()))
    except (ImportError, FileNotFoundError, AttributeError):
        found = shutil.which("uv")
        return Path(found) if found else None
