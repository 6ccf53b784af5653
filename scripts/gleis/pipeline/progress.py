"""How far a run is, what came of it, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gleis import evidence
from gleis.evidence import FAILED, PASSED

WAITING, RUNNING = "waiting", "running"
EXECUTED, UNCHANGED, SKIPPED, CANCELLED = "executed", "unchanged", "skipped", "cancelled"
SATISFIED = frozenset({EXECUTED, UNCHANGED})
OVER = frozenset({EXECUTED, UNCHANGED, FAILED, SKIPPED, CANCELLED})


@dataclass
class Progress:
    """How far one stage is; `line` is the last thing it said."""

    stage: str
    job: str
    state: str = WAITING
    line: str = ""
    started: float | None = None
    started_on: datetime | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """What came of a run. `exit_code` is 0, or that of the first stage that did not pass."""

    id: str
    started: datetime
    finished: datetime
    stages: tuple[Progress, ...]
    exit_code: int
    reasons: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As written to `.gleis/run/pipeline.json`."""
        return {
            "run": self.id,
            "startedOn": evidence.timestamp(self.started),
            "finishedOn": evidence.timestamp(self.finished),
            "verdict": PASSED if self.exit_code == 0 else FAILED,
            "exitCode": self.exit_code,
            "stages": [
                {
                    "stage": each.stage,
                    "job": each.job,
                    "state": each.state,
                    "startedOn": evidence.timestamp(each.started_on) if each.started_on else None,
                    "durationSeconds": round(each.seconds, 3),
                    "reason": self.reasons.get(each.stage, ""),
                }
                for each in self.stages
            ],
        }


class Listener(Protocol):
    """Whoever shows a run. Called from the job's thread after every change."""

    def changed(self, progress: Progress) -> None: ...
