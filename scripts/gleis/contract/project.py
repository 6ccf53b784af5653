"""project.yaml: everything that an ML repo says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.contract import document, schema, typed
from gleis.contract.document import Document
from gleis.contract.platform import Platform
from gleis.contract.platform import load as load_platform
from gleis.contract.problem import ContractError, Problem

FILE = "project.yaml"
DATA_CONTRACT = "data-contract.yaml"


@dataclass(frozen=True)
class Metadata:
    name: str
    team: str
    owner: str
    cost_center: str
    data_class: str
    risk: str


@dataclass(frozen=True)
class Metric:
    """The gate: `floor` and `tolerance` are in the metric's own unit."""

    name: str
    goal: str
    floor: float
    tolerance: float
    slices: tuple[str, ...] = ()

    def better_or_equal(self, value: float, bound: float) -> bool:
        """Whether `value` is at least as good as `bound`; NaN never is."""
        return value >= bound if self.goal == "maximize" else value <= bound

    def worsened(self, value: float) -> float:
        """`value` made worse by the tolerance: the least that a challenger must reach."""
        return value - self.tolerance if self.goal == "maximize" else value + self.tolerance


@dataclass(frozen=True)
class Model:
    framework: str
    task: str
    metric: Metric


@dataclass(frozen=True)
class Training:
    engine: str
    nodes: int
    gpus_per_node: int
    gpu_type: str
    max_hours: float
    schedule: str = ""


@dataclass(frozen=True)
class Slo:
    """`availability` in percent, `latency_p99_ms` in milliseconds."""

    availability: float
    latency_p99_ms: float


@dataclass(frozen=True)
class Replicas:
    min: int
    max: int


@dataclass(frozen=True)
class Serving:
    mode: str
    slo: Slo | None = None
    replicas: Replicas | None = None


@dataclass(frozen=True)
class Delivery:
    target: str
    cloud: str
    ci: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """The contract of one ML repo, validated."""

    metadata: Metadata
    model: Model
    training: Training
    serving: Serving
    delivery: Delivery
    data: dict[str, Any]

    @property
    def package(self) -> str:
        """The Python package in `src/`."""
        return self.metadata.name.replace("-", "_")


def load(root: Path, platform: Platform | None = None) -> Project:
    """Read and validate `root/project.yaml`. Raises ContractError with every problem in it."""
    loaded = document.load(root / FILE, root=root)
    problems = problems_in(loaded, root, platform)
    if problems:
        raise ContractError(problems)
    return typed.build(Project, {**loaded.data, "data": loaded.data})


def problems_in(
    loaded: Document, root: Path | None = None, platform: Platform | None = None
) -> list[Problem]:
    """Everything that is wrong with a project.yaml: its shape, then what fields say together.

    `root` is where the data contract is looked for (none: rules about columns are not asked).
    """
    from gleis.contract import project_rules

    shape = schema.check(loaded, "project")
    if shape:
        return shape
    project = typed.build(Project, {**loaded.data, "data": loaded.data})
    return project_rules.check(project, loaded, platform or load_platform(), columns_in(root))


def columns_in(root: Path | None) -> frozenset[str] | None:
    """Names of the columns that the data contract declares; None where there is none to read."""
    if root is None or not (root / DATA_CONTRACT).is_file():
        return None
    declared = document.load(root / DATA_CONTRACT, root=root).get("columns")
    return frozenset(declared) if isinstance(declared, dict) else frozenset()
