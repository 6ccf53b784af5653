"""Which evidence there is, how old it is, and whether the files that it names are unchanged."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.report.model import Digest, Evidence, Statement
from gleis.report.words import duration, moment

VERDICTS = {"passed": "ok", "failed": "bad", "error": "bad"}
DISK = {
    "same": ("ok", "same"),
    "differs": ("bad", "differs"),
    "gone": ("warn", "gone"),
    "unchecked": ("idle", "not checked"),
}


@dataclass(frozen=True)
class Entry:
    """One statement."""

    stage: str
    file: str
    verdict: str
    tone: str
    standing: str
    started: str
    duration: str
    commit: str


@dataclass(frozen=True)
class Output:
    """One file that a stage wrote."""

    stage: str
    name: str
    sha256: str
    tone: str
    state: str


def entries(evidence: Evidence) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            stage=name,
            file=found.file,
            verdict=found.verdict or "not said",
            tone=VERDICTS.get(found.verdict, "idle"),
            standing=standing(evidence, name),
            started=moment(found.started),
            duration=duration(found.seconds),
            commit=found.source.commit,
        )
        for name, found in evidence.statements.items()
    )


def standing(evidence: Evidence, stage: str) -> str:
    """`this run`, `unchanged` (made earlier, still valid) or `earlier run`."""
    if not evidence.current(stage):
        return "earlier run"
    return "unchanged" if evidence.run.state(stage) == "unchanged" else "this run"


def outputs(evidence: Evidence, disk: dict[Digest, str]) -> tuple[Output, ...]:
    return tuple(
        Output(name, subject.name, subject.sha256, *DISK[disk[subject]])
        for name, found in evidence.statements.items()
        for subject in found.subjects
        if subject in disk
    )


def doubts(
    evidence: Evidence, disk: dict[Digest, str], stage: str, file: str = ""
) -> tuple[str, ...]:
    """Why what `stage` left (or its output `file`) may not describe the last run."""
    found = evidence.statement(stage)
    if found is None:
        note = evidence.notes.get(f".gleis/run/{stage}.json", "")
        vouch = f"No evidence of the stage `{stage}` vouches for this." if file else ""
        return tuple(text for text in (note, vouch) if text)
    told = []
    if not evidence.current(stage):
        state = evidence.run.state(stage)
        what = (
            f"`{stage}` was {state} in the last run" if state else f"`{stage}` was not part of it"
        )
        told.append(f"From an earlier run: {what}.")
    mine = [subject for subject in found.subjects if subject.name == file]
    if file and any(disk.get(subject) == "differs" for subject in mine):
        told.append(f"`{file}` was changed after its evidence was written.")
    vouched = stage == "evaluate" and _same_values(found, evidence)
    if file and not mine and not vouched and found.verdict != "passed" and evidence.current(stage):
        told.append(f"`{stage}` did not vouch for `{file}`: it may be from an earlier run.")
    return tuple(told)


def _same_values(found: Statement, evidence: Evidence) -> bool:
    """Whether the metrics in the statement are those in the file, as after a refused gate."""
    measured = {name: entry.value for name, entry in evidence.metrics.overall.items()}
    return bool(found.values) and dict(found.values) == measured
