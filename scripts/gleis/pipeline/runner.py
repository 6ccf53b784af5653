"""Runs the graph on this machine: jobs side by side, a job's stages one after another.

A stage's old evidence is removed before it starts and the new one is written, whole, after its
outputs are hashed: whatever kills a run, the next one sees either trustworthy evidence or none.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import gleis
from gleis import evidence, resources
from gleis.contract.platform import Platform
from gleis.contract.project import Project
from gleis.errors import GleisError
from gleis.evidence import ERROR, FAILED, PASSED, Record, Source
from gleis.pipeline import freshness, locks
from gleis.pipeline.freshness import Reading
from gleis.pipeline.graph import Graph, Occasion, Stage
from gleis.pipeline.progress import (
    CANCELLED,
    EXECUTED,
    OVER,
    RUNNING,
    SATISFIED,
    SKIPPED,
    UNCHANGED,
    Listener,
    Progress,
    Result,
)
from gleis.pipeline.selection import Planned, Selection
from gleis.pipeline.source import repo_files, source
from gleis.pipeline.stage import Body, Context, Outcome
from gleis.pipeline.worker import Worker
from gleis.tools.environments import Environment
from gleis.tools.files import write_atomic

_BROKEN = 3  # exit code: a tool or service is missing or broken, which may be over in a moment
_FIRST_PAUSE = 2.0  # seconds before the first retry; doubled each time


class NeedsMissing(GleisError):
    """A stage was asked for whose needs have not passed."""


class Runner:
    """One run of a project's pipeline."""

    def __init__(
        self,
        root: Path,
        graph: Graph,
        project: Project,
        platform: Platform,
        load_body: Callable[[str], Body],
        *,
        occasion: Occasion | None = None,
        lock_file: int | None = None,
    ) -> None:
        self.root, self.graph, self.project, self.platform = root, graph, project, platform
        self.load_body = load_body
        self.occasion = occasion or Occasion()
        self._keep_open = () if lock_file is None else (lock_file,)
        self.source: Source = source(root)
        self.repo = repo_files(root)
        self.listener: Listener | None = None
        self._changed = threading.Condition()
        self._progress: dict[str, Progress] = {}
        self._reasons: dict[str, str] = {}
        self._exit_code = 0
        self._stop = threading.Event()
        self._cancelled = threading.Event()
        self._workers: list[Worker] = []
        self._lock_sha256 = locks.digest(root)

    # --- what would run -------------------------------------------------------------------------

    def plan(self, selection: Selection) -> list[Planned]:
        """What each selected stage would do, and why, without doing it."""
        planned: dict[str, Planned] = {}
        for stage in self._selected(selection):
            waits_for = [name for name in stage.needs if name in planned and planned[name].runs]
            why = "asked for with --force" if selection.force else ""
            why = why or self._stale(stage)[1]
            if not why and waits_for:
                why = f"if {waits_for[0]} changes what it reads"
            planned[stage.id] = Planned(stage.id, stage.job, bool(why), why or "nothing changed")
        return list(planned.values())

    # --- running --------------------------------------------------------------------------------

    def run(self, selection: Selection, listener: Listener | None = None) -> Result:
        """Run the selected stages. KeyboardInterrupt ends every process and is raised again."""
        self._check_needs(selection)
        self.listener = listener
        started = evidence.now()
        stages = self._selected(selection)
        self._progress = {stage.id: Progress(stage.id, stage.job) for stage in stages}
        jobs = {
            job: [stage for stage in stages if stage.job == job]
            for job in dict.fromkeys(stage.job for stage in stages)
        }
        threads = [
            threading.Thread(target=self._job, args=(chosen, selection), name=job, daemon=True)
            for job, chosen in jobs.items()
        ]
        run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(timeout=0.2)
        except KeyboardInterrupt:
            self._cancel()
            self._keep(self._result(run_id, started))
            raise
        result = self._result(run_id, started)
        self._keep(result)
        return result

    def _result(self, run_id: str, started: datetime) -> Result:
        stages = tuple(self._progress.values())
        return Result(run_id, started, evidence.now(), stages, self._exit_code, dict(self._reasons))

    def _keep(self, result: Result) -> None:
        text = json.dumps(result.to_dict(), indent=2) + "\n"
        write_atomic(self.root / evidence.FOLDER / "pipeline.json", text)

    def _selected(self, selection: Selection) -> list[Stage]:
        return [self.graph.stages[name] for name in self.graph.order if name in selection.stages]

    def _check_needs(self, selection: Selection) -> None:
        """What is needed but not selected must have passed before."""
        for stage in self._selected(selection):
            for name in stage.needs:
                if name in selection.stages or not self._applies(name):
                    continue
                record = evidence.read(self.root, name)
                if record is None or not record.passed:
                    raise NeedsMissing(
                        f"stage {stage.id} needs {name}, which "
                        f"{'has not run' if record is None else record.verdict + ' last time'}. "
                        f"Run it first: gleis run --until {stage.id}"
                    )

    def _applies(self, stage: str) -> bool:
        return self.graph.stages[stage].applies_to(self.project, self.occasion)

    def _job(self, stages: list[Stage], selection: Selection) -> None:
        worker: list[Worker] = []

        def shared() -> Worker:
            if not worker:
                worker.append(self._new_worker(stages[0].id))
            return worker[0]

        try:
            for stage in stages:
                if self._needs_met(stage, selection):
                    self._stage(stage, selection, shared)
                else:
                    state = CANCELLED if self._cancelled.is_set() else SKIPPED
                    self._update(stage.id, state=state)
        finally:
            for each in worker:
                each.end()

    def _needs_met(self, stage: Stage, selection: Selection) -> bool:
        needs = [self._progress[name] for name in stage.needs if name in selection.stages]
        with self._changed:
            while True:
                if self._cancelled.is_set():
                    return False
                if self._stop.is_set() and not selection.keep_going:
                    return False
                if any(need.state in OVER - SATISFIED for need in needs):
                    return False
                if all(need.state in SATISFIED for need in needs):
                    return True
                self._changed.wait(timeout=0.5)

    def _stage(self, stage: Stage, selection: Selection, worker: Callable[[], Worker]) -> None:
        self._update(stage.id, state=RUNNING, line=stage.title)
        try:
            reading, why = self._stale(stage)
            if not why and not selection.force:
                self._update(stage.id, state=UNCHANGED, line="")
                return
            record, code, summary = self._execute(stage, reading, worker)
        except GleisError as error:
            self._end(stage, str(error), error.exit_code)
        except OSError as error:
            self._end(stage, _os_words(error), 3)
        else:
            if record.passed:
                self._update(stage.id, state=EXECUTED, line=summary)
            else:
                self._end(stage, record.reason, code)

    def _end(self, stage: Stage, reason: str, code: int) -> None:
        """A stage did not pass: keep the reason, and the exit code if it is the first one."""
        with self._changed:
            if self._cancelled.is_set():
                self._update(stage.id, state=CANCELLED, line="")
                return
            self._reasons[stage.id] = reason
            self._exit_code = self._exit_code or code
            self._stop.set()
        self._update(stage.id, state=FAILED, line=reason.splitlines()[0] if reason else "")

    def _execute(
        self, stage: Stage, reading: Reading, worker: Callable[[], Worker]
    ) -> tuple[Record, int, str]:
        folder = self.root / evidence.FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        evidence.path(self.root, stage.id).unlink(missing_ok=True)
        log = folder / f"{stage.id}.log"
        log.write_bytes(b"")
        context = Context(
            self.root,
            self.project,
            self.platform,
            stage,
            self.occasion.environment,
            log,
            lambda line: self._update(stage.id, line=line),
            lambda: self._environment(stage.id),
            worker,
            lambda: self._new_worker(stage.id),
            self.occasion.event,
        )
        started = evidence.now()
        outcome, code = self._attempts(stage, context)
        if outcome.verdict == PASSED and self._read(stage).key != reading.key:
            outcome = Outcome(
                verdict=ERROR,
                reason=f"a file that {stage.id} reads changed while it ran: run again",
            )
        record = self._record(stage, reading, outcome, started, log)
        if not self._cancelled.is_set():
            text = json.dumps(evidence.statement(record), indent=2, default=str) + "\n"
            write_atomic(evidence.path(self.root, stage.id), text)
        return record, code, outcome.summary

    def _attempts(self, stage: Stage, context: Context) -> tuple[Outcome, int]:
        """Outcome and exit code of the body, tried again where a tool or service failed."""
        for attempt in range(stage.retries + 1):
            outcome, code = self._body(stage, context)
            if outcome.verdict != ERROR or code != _BROKEN or attempt == stage.retries:
                break
            pause = _FIRST_PAUSE * 2**attempt
            context.say(f"trying again in {pause:.0f} s: {outcome.reason.splitlines()[0]}")
            if self._cancelled.wait(pause):
                break
        return outcome, code

    def _body(self, stage: Stage, context: Context) -> tuple[Outcome, int]:
        try:
            return self.load_body(stage.id)(context), 1
        except GleisError as error:
            return Outcome(verdict=ERROR, reason=str(error)), error.exit_code
        except OSError as error:
            return Outcome(verdict=ERROR, reason=_os_words(error)), _BROKEN
        except Exception:
            with context.log.open("a", encoding="utf-8") as stream:
                traceback.print_exc(file=stream)
            return Outcome(verdict=ERROR, reason=_defect(stage, context.log)), _BROKEN

    def _record(
        self, stage: Stage, reading: Reading, outcome: Outcome, started: datetime, log: Path
    ) -> Record:
        passed = outcome.verdict == PASSED
        return Record(
            stage=stage.id,
            job=stage.job,
            environment=self.occasion.environment,
            verdict=outcome.verdict,
            reason=outcome.reason,
            started=started,
            finished=evidence.now(),
            key=reading.key,
            source=self.source,
            inputs=reading.inputs,
            outputs=freshness.outputs(stage, self.root) if passed else {},
            parameters=reading.parameters,
            versions={**reading.versions, **outcome.versions, "gleis": gleis.__version__},
            metrics=dict(outcome.metrics),
            findings=outcome.findings,
            details=dict(outcome.details),
            log=log.relative_to(self.root).as_posix(),
        )

    # --- what a stage reads ---------------------------------------------------------------------

    def _read(self, stage: Stage) -> Reading:
        versions = {"stage": _code_version(stage)}
        if stage.runs_in == "project":
            versions["environment"] = self._lock_sha256
        if self.graph.jobs[stage.job].per_environment:
            versions["for"] = self.occasion.environment
        return freshness.read(stage, self.root, self.project, versions, self.repo)

    def _stale(self, stage: Stage) -> tuple[Reading, str]:
        reading = self._read(stage)
        record = evidence.read(self.root, stage.id)
        return reading, freshness.why_stale(stage, self.root, reading, record)

    # --- processes ------------------------------------------------------------------------------

    def _environment(self, stage: str) -> Environment:
        return locks.environment(
            self.root, self.platform, progress=lambda line: self._update(stage, line=line)
        )

    def _new_worker(self, stage: str) -> Worker:
        python = self._environment(stage).python
        with self._changed:
            if self._cancelled.is_set():
                raise GleisError("interrupted")
            quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
            worker = Worker(python, self.root, quiet, self._keep_open)
            self._workers.append(worker)
        return worker

    def _cancel(self) -> None:
        with self._changed:
            self._cancelled.set()
            self._exit_code = 130
            for each in self._progress.values():
                if each.state not in OVER:
                    each.state = CANCELLED
        for worker in self._workers:
            worker.end()

    def _update(self, stage: str, **changes: Any) -> None:
        with self._changed:
            progress = self._progress[stage]
            if progress.state == CANCELLED:
                return
            for name, value in changes.items():
                setattr(progress, name, value)
            if changes.get("state") == RUNNING:
                progress.started, progress.started_on = time.monotonic(), evidence.now()
            if progress.state in OVER and progress.started is not None:
                progress.seconds = time.monotonic() - progress.started
            self._changed.notify_all()
            if self.listener:
                self.listener.changed(progress)


def _os_words(error: OSError) -> str:
    return f"{error.filename or 'a file'}: {error.strerror or error}. Nothing was lost; run again"


def _defect(stage: Stage, log: Path) -> str:
    return (
        f"gleis itself broke in stage {stage.id}; the traceback is in {log.name}. "
        "Please report it to the platform team with that file"
    )


def _code_version(stage: Stage) -> str:
    """Hash of the stage's declaration, the file that holds its body, and the release of gleis."""
    import hashlib

    body = resources.PACKAGE / "stages" / f"{stage.id.replace('-', '_')}.py"
    digest = hashlib.sha256(f"{gleis.__version__} {asdict(stage)!r}".encode())
    with contextlib.suppress(OSError):
        digest.update(body.read_bytes())
    return digest.hexdigest()[:16]
