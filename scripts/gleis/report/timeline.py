"""When each stage of the run ran, laid out in lanes, one lane for each job."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.report.model import Run, StageRun
from gleis.report.plots import Domain, Tick, ticks
from gleis.report.words import duration

STATES = {
    "executed": ("ok", "executed"),
    "unchanged": ("same", "unchanged"),
    "failed": ("bad", "failed"),
    "skipped": ("idle", "skipped"),
    "cancelled": ("warn", "cancelled"),
}
MIN_WIDTH = 0.8  # percent; a bar that cannot be seen tells nothing


@dataclass(frozen=True)
class Bar:
    """One stage. `left` and `width` are percent of the run; None means that it did not run."""

    stage: str
    tone: str
    state: str
    duration: str
    left: float | None
    width: float


@dataclass(frozen=True)
class Lane:
    job: str
    bars: tuple[Bar, ...]
    duration: str


@dataclass(frozen=True)
class Timeline:
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    total: str
    counts: tuple[tuple[str, int], ...]


def lay_out(run: Run) -> Timeline:
    """The lanes of `run`, in the order in which its jobs first appear."""
    begin, length = _extent(run)
    lanes: dict[str, list[StageRun]] = {}
    for stage in run.stages:
        lanes.setdefault(stage.job or "no job", []).append(stage)
    counts: dict[str, int] = {}
    for stage in run.stages:
        word = STATES.get(stage.state, ("idle", stage.state or "unknown"))[1]
        counts[word] = counts.get(word, 0) + 1
    seconds = (run.finished - run.started).total_seconds() if run.finished and run.started else None
    return Timeline(
        lanes=tuple(
            Lane(
                job,
                tuple(_bar(stage, begin, length) for stage in stages),
                _spent(stages),
            )
            for job, stages in lanes.items()
        ),
        ticks=tuple(
            Tick(tick.at, f"{tick.text} s") for tick in ticks(Domain(0.0, length), wanted=4)
        )
        if begin is not None
        else (),
        total=duration(seconds if seconds is not None and seconds >= 0 else None),
        counts=tuple(counts.items()),
    )


def _spent(stages: list[StageRun]) -> str:
    spent = [s.seconds or 0 for s in stages if s.state in {"executed", "failed"}]
    return duration(sum(spent)) if spent else ""


def _extent(run: Run) -> tuple[float | None, float]:
    """The start of the run as a timestamp and its length, both in seconds."""
    spans = [
        (stage.started.timestamp(), stage.started.timestamp() + (stage.seconds or 0))
        for stage in run.stages
        if stage.started and stage.state in {"executed", "failed", "cancelled"}
    ]
    if not spans:
        return None, 1.0
    begin = min(start for start, _ in spans)
    end = max(end for _, end in spans)
    if run.started and 0 <= begin - run.started.timestamp() < 3600:
        begin = run.started.timestamp()
    return begin, max(end - begin, 1e-3)


def _bar(stage: StageRun, begin: float | None, length: float) -> Bar:
    tone, state = STATES.get(stage.state, ("idle", stage.state or "unknown"))
    ran = stage.state in {"executed", "failed", "cancelled"}
    left, width = None, 0.0
    if ran and begin is not None and stage.started:
        frame = Domain(0.0, length)
        left = frame.place(stage.started.timestamp() - begin)
        width = max(MIN_WIDTH, frame.place(stage.seconds or 0.0))
        left = min(left, 100 - MIN_WIDTH)
        width = round(min(width, 100 - left), 2)
    return Bar(stage.stage, tone, state, duration(stage.seconds) if ran else "", left, width)
