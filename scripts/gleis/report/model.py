"""What a run left behind, as frozen dataclasses. `None` and empty mean: nobody says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Digest:
    """A named thing and its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Interval:
    """A metric's value with the ends of its 95 % interval."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Source:
    """The git state that a stage ran on."""

    commit: str = ""
    branch: str = ""
    dirty: bool | None = None


@dataclass(frozen=True)
class Waiver:
    """Who took responsibility for a finding, and until when."""

    owner: str
    approver: str
    ticket: str
    reason: str
    expires: str


@dataclass(frozen=True)
class FindingFact:
    """One finding, as the evidence tells it."""

    rule: str
    severity: str
    message: str
    remediation: str
    place: str
    waiver: Waiver | None


@dataclass(frozen=True)
class GateRow:
    """One comparison of the gate: a metric in a scope against a bound."""

    scope: str
    kind: str
    metric: str
    value: float | None
    bound: float | None
    ok: bool | None


@dataclass(frozen=True)
class Check:
    """A named check with its outcome."""

    name: str
    ok: bool | None
    detail: str


@dataclass(frozen=True)
class Rule:
    """One SOP that ran."""

    id: str
    title: str
    severity: str
    outcome: str


@dataclass(frozen=True)
class Slice:
    """The metrics of the rows in which `column` is `value`."""

    column: str
    value: str
    rows: int | None
    metrics: dict[str, Interval]


@dataclass(frozen=True)
class Confusion:
    """Counts: row = what was true, column = what was predicted."""

    labels: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    labels_in_all: int


@dataclass(frozen=True)
class Metrics:
    """What an evaluation measured."""

    task: str = ""
    primary: str = ""
    goal: str = ""
    rows: int | None = None
    model_sha256: str = ""
    data_sha256: str = ""
    interval: str = ""
    overall: dict[str, Interval] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    confusion: Confusion | None = None
    residuals: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Statement:
    """The evidence of one stage."""

    file: str
    stage: str
    job: str = ""
    environment: str = ""
    verdict: str = ""
    reason: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float | None = None
    source: Source = Source()
    subjects: tuple[Digest, ...] = ()
    inputs: tuple[Digest, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    findings: tuple[FindingFact, ...] = ()
    gate: tuple[GateRow, ...] = ()
    champion: Metrics | None = None
    champion_version: str = ""
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    requests: int | None = None
    latency: tuple[tuple[str, float], ...] = ()
    name: str = ""
    version: str = ""
    alias: str = ""
    previous: str = ""
    release: str = ""
    model_sha256: str = ""
    values: tuple[tuple[str, float], ...] = ()
    tests: tuple[tuple[str, str], ...] = ()
    tools: tuple[tuple[str, str], ...] = ()
    log: str = ""


@dataclass(frozen=True)
class StageRun:
    """One stage in the last run."""

    stage: str
    job: str
    state: str
    started: datetime | None
    seconds: float | None
    reason: str = ""


@dataclass(frozen=True)
class Run:
    """The last run of the pipeline."""

    id: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    verdict: str = ""
    stages: tuple[StageRun, ...] = ()

    def state(self, stage: str) -> str:
        """The state of `stage` in this run, empty when it was not part of it."""
        return next((s.state for s in self.stages if s.stage == stage), "")


@dataclass(frozen=True)
class Data:
    """What the data check found and wrote."""

    source: str = ""
    sha256: str = ""
    rows: int | None = None
    columns: int = 0
    target: str = ""
    split: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Training:
    """What the training says of itself."""

    run_id: str = ""
    tracking: str = ""
    seed: str = ""
    data_sha256: str = ""
    model_sha256: str = ""
    commit: str = ""
    seconds: float | None = None
    params: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Model:
    """What the model file says of itself."""

    name: str = ""
    framework: str = ""
    task: str = ""
    target: str = ""
    features: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()
    created: str = ""
    data_sha256: str = ""


@dataclass(frozen=True)
class Project:
    """The project's contract, as far as it can be read."""

    name: str = ""
    team: str = ""
    owner: str = ""
    risk: str = ""
    data_class: str = ""
    framework: str = ""
    task: str = ""
    metric: str = ""
    goal: str = ""
    floor: float | None = None
    tolerance: float | None = None
    serving: str = ""
    latency_ms: float | None = None
    template: str = ""
    template_source: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """All that one report is made of. `notes` maps a file to what was wrong with it."""

    project: Project
    run: Run
    statements: dict[str, Statement]
    metrics: Metrics
    data: Data
    failures: tuple[str, ...]
    training: Training
    model: Model
    card: str
    notes: dict[str, str]

    def statement(self, stage: str) -> Statement | None:
        return self.statements.get(stage)

    def current(self, stage: str) -> bool:
        """Whether `stage` ran in the last run, or was found unchanged by it."""
        return stage in self.statements and self.run.state(stage) in {
            "executed",
            "unchanged",
            "failed",
        }
