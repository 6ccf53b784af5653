"""How the run ended, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.report.model import Evidence, FindingFact, GateRow
from gleis.report.read import PIPELINE
from gleis.report.words import apart

AGAIN = "Then `gleis run`: stages whose inputs did not change are not run again."
ADVICE = {
    "lint": "Mend the places named below or in the log; `gleis run --stage lint` looks again.",
    "test": "Mend the failing tests named in the log; `gleis run --stage test` runs them again.",
    "data-check": "Mend the data, or change `data-contract.yaml` if the data is right as it is.",
    "train": "Read the log: training stopped before it wrote a model.",
    "evaluate": "Improve the model or its data. The floor stands in `project.yaml` and may not go"
    " below the organisation's.",
    "register": "Check that the MLflow registry answers and that you may write to it.",
    "sop": "Mend the findings below, or ask for a waiver in `waivers.yaml`.",
    "deploy": "Read the log: the release was not installed; the one before it is untouched.",
    "smoke": "The release answers, but not as it should. The champion alias was not moved.",
    "promote": "The release works, but the champion alias was not moved. Check the registry.",
}


@dataclass(frozen=True)
class Failure:
    """One stage that failed: the first line of its reason, and the lines after it."""

    stage: str
    reason: str
    rest: str
    advice: str
    log: str
    gate: tuple[str, ...]
    data: tuple[str, ...]
    findings: tuple[FindingFact, ...]


@dataclass(frozen=True)
class Verdict:
    """`tone` is ok, bad, warn or idle; `text` is one sentence."""

    word: str
    tone: str
    text: str
    failures: tuple[Failure, ...] = ()


def judge(evidence: Evidence) -> Verdict:
    """The verdict of the last run. Without evidence of success nothing counts as passed."""
    run = evidence.run
    if not run.stages and not run.verdict:
        if PIPELINE in evidence.notes and "is not there" not in evidence.notes[PIPELINE]:
            return Verdict("unknown", "warn", f"{evidence.notes[PIPELINE]} Run `gleis run` again.")
        if evidence.statements:
            return Verdict("unknown", "warn", "No complete run: single stages left evidence only.")
        return Verdict("no run yet", "idle", "Nothing has run here yet. Start with `gleis run`.")
    failures = tuple(_failure(evidence, stage) for stage in _failed(evidence))
    if failures or run.verdict in {"failed", "error"}:
        if not failures:
            text = "The run failed, but no stage's evidence says why. Look into `.gleis/run/`."
            return Verdict("failed", "bad", text)
        names = " and ".join(f"`{failure.stage}`" for failure in failures[:4])
        return Verdict("failed", "bad", f"The run stopped at {names}.", failures)
    if run.verdict == "passed":
        done = [stage for stage in run.stages if stage.state in {"executed", "unchanged"}]
        ran = sum(stage.state == "executed" for stage in done)
        text = f"{len(done)} stages passed: {ran} executed, {len(done) - ran} unchanged."
        return Verdict("passed", "ok", text)
    text = "The run did not finish. `gleis run` goes on where it stopped."
    return Verdict("interrupted", "warn", text)


def _failed(evidence: Evidence) -> list[str]:
    states = [stage.stage for stage in evidence.run.stages if stage.state == "failed"]
    return states or [
        name
        for name, found in evidence.statements.items()
        if evidence.current(name) and found.verdict in {"failed", "error"}
    ]


def _failure(evidence: Evidence, stage: str) -> Failure:
    found = evidence.statement(stage)
    note = evidence.notes.get(f".gleis/run/{stage}.json", "")
    told = next((s.reason for s in evidence.run.stages if s.stage == stage), "")
    reason = (found.reason if found and found.verdict != "passed" else "") or told
    first, _, rest = (reason or note or "The evidence names no reason.").strip().partition("\n")
    findings = tuple(f for f in found.findings if f.waiver is None)[:10] if found else ()
    return Failure(
        stage=stage,
        reason=first,
        rest="" if findings else rest,
        advice=ADVICE.get(stage, "Read the log."),
        log=found.log if found and found.log else f".gleis/run/{stage}.log",
        gate=tuple(
            refusal(row, evidence)
            for row in (found.gate if found else ())
            if row.ok is False and not _told(row, reason)
        )[:20],
        data=evidence.failures[:20] if stage == "data-check" else (),
        findings=findings,
    )


def _told(row: GateRow, reason: str) -> bool:
    """Whether the stage's own reason already speaks of this comparison."""
    return row.metric in reason and (row.scope in reason or row.scope in {"", "overall"})


def refusal(row: GateRow, evidence: Evidence) -> str:
    """`f1_macro 0.8312 on machine_type=press is below the floor 0.8500`."""
    value, bound = apart(row.value, row.bound)
    over = lower_is_better(row.metric, evidence)
    what = "floor" if row.kind == "floor" else "bound set by the champion"
    if over and row.kind == "floor":
        what = "limit"
    where = "" if row.scope in {"", "overall"} else f" on {row.scope}"
    return f"{row.metric} {value}{where} is {'above' if over else 'below'} the {what} {bound}"


def lower_is_better(metric: str, evidence: Evidence) -> bool:
    """Whether a smaller value of `metric` is the better one."""
    if metric and metric == evidence.metrics.primary and evidence.metrics.goal:
        return evidence.metrics.goal == "minimize"
    if metric and metric == evidence.project.metric and evidence.project.goal:
        return evidence.project.goal == "minimize"
    return metric in {"log_loss", "rmse", "mae", "mse"}
