"""What a stage's body gets and gives back. Bodies live in `gleis/stages/`, one file each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gleis.contract.platform import Platform
from gleis.contract.project import Project
from gleis.errors import GleisError
from gleis.evidence import FAILED, PASSED
from gleis.pipeline.graph import Stage
from gleis.pipeline.worker import Answer, Worker
from gleis.tools.environments import Environment
from gleis.tools.files import write_atomic

OUT = ".gleis/out"


class BadOutput(GleisError):
    """A stage left a file that cannot be read: it was cut off, or the project's code is wrong."""

    exit_code = 1


@dataclass(frozen=True)
class Outcome:
    """What came of a stage; `reason` is for people and says what to do when it did not pass."""

    verdict: str = PASSED
    reason: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[dict[str, Any], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""

    @classmethod
    def failed(cls, reason: str, **more: Any) -> Outcome:
        """The answer is no."""
        return cls(verdict=FAILED, reason=reason, **more)


@dataclass(frozen=True)
class Context:
    """What a stage's body may use. `say` shows one line of progress."""

    root: Path
    project: Project
    platform: Platform
    stage: Stage
    environment: str
    log: Path
    say: Callable[[str], None]
    project_environment: Callable[[], Environment]
    worker: Callable[[], Worker]
    new_worker: Callable[[], Worker]
    event: str = "manual"

    @property
    def timeout(self) -> float:
        """Seconds the stage may take."""
        return self.stage.timeout_seconds(self.project)

    def module(self, module: str, *argv: str) -> Answer:
        """Run a module of the project's package, as `python -m <package>.<module> argv…` would."""
        name = f"{self.project.package}.{module}"
        return self.worker().module(name, list(argv), log=self.log, timeout=self.timeout)

    def registry(self, function: str, **arguments: Any) -> Answer:
        """Call a function of `pipeline/inside/registry.py` in the project's environment."""
        return self.worker().call(
            "registry.py", function, arguments, log=self.log, timeout=self.timeout
        )

    def out(self, name: str) -> Path:
        """A file under `.gleis/out/`."""
        return self.root / OUT / name

    def read(self, name: str) -> dict[str, Any]:
        """A JSON object from `.gleis/out/`. Raises BadOutput."""
        try:
            value = json.loads(self.out(name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadOutput(f"{OUT}/{name} was not written; see {self.log.name}") from None
        except ValueError as error:
            raise BadOutput(
                f"{OUT}/{name} is not JSON ({error}): delete it and run again"
            ) from None
        if not isinstance(value, dict):
            raise BadOutput(f"{OUT}/{name} must hold a JSON object: delete it and run again")
        return value

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON object under `.gleis/out/`, whole or not at all."""
        write_atomic(self.out(name), json.dumps(value, indent=2) + "\n")

    def last_words(self, lines: int = 12) -> str:
        """The end of the log, for a message about something that broke."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:])

    def broke(self, answer: Answer, what: str) -> Outcome:
        """The outcome of project code that ended badly: its last words, and where the log is."""
        said = self.last_words() or f"  {answer.error}"
        log = self.log.relative_to(self.root).as_posix()
        return Outcome.failed(f"{what} ended with exit code {answer.code} (log: {log}):\n{said}")


class Body(Protocol):
    """The function `run` of a file in `gleis/stages/`."""

    def __call__(self, context: Context) -> Outcome: ...
