"""What ran, what it read, what it wrote, and what came of it: one in-toto statement per stage.

The statement's subject is what the stage made (or, for a stage that makes nothing, the commit that
it judged); the predicate `urn:x-gleis:evidence:v1` holds the rest. Format: in-toto Statement v1,
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:x-gleis:evidence:v1"
FOLDER = Path(".gleis/run")

PASSED, FAILED, ERROR = "passed", "failed", "error"

# Subjects of a stage that makes nothing: the commit, or before the first commit what it read.
_COMMIT, _KEY = "git+commit", "gleis+key"


@dataclass(frozen=True)
class Source:
    """The state of the work tree that was judged. `commit` is None before the first commit."""

    commit: str | None
    branch: str | None
    dirty: bool


@dataclass(frozen=True)
class Record:
    """Evidence of one run of one stage. `inputs` and `outputs` map path → SHA-256 (hex)."""

    stage: str
    job: str
    environment: str
    verdict: str
    reason: str
    started: datetime
    finished: datetime
    key: str
    source: Source
    inputs: dict[str, str]
    outputs: dict[str, str]
    parameters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    findings: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    log: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == PASSED

    @property
    def seconds(self) -> float:
        return (self.finished - self.started).total_seconds()


def path(root: Path, stage: str) -> Path:
    """Where the evidence of `stage` lies in a project."""
    return root / FOLDER / f"{stage}.json"


def statement(record: Record) -> dict[str, Any]:
    """`record` as an in-toto statement, ready for JSON."""
    made = _files(record.outputs)
    judged = {"name": _COMMIT, "digest": {"gitCommit": record.source.commit}}
    unborn = {"name": _KEY, "digest": {"sha256": record.key}}
    return {
        "_type": STATEMENT,
        "subject": made or [judged if record.source.commit else unborn],
        "predicateType": PREDICATE,
        "predicate": {
            "stage": record.stage,
            "job": record.job,
            "environment": record.environment,
            "verdict": record.verdict,
            "reason": record.reason,
            "startedOn": timestamp(record.started),
            "finishedOn": timestamp(record.finished),
            "durationSeconds": round(record.seconds, 3),
            "key": record.key,
            "source": asdict(record.source),
            "inputs": _files(record.inputs),
            "parameters": record.parameters,
            "versions": record.versions,
            "metrics": record.metrics,
            "findings": list(record.findings),
            "details": record.details,
            "log": record.log,
        },
    }


def from_statement(data: dict[str, Any]) -> Record:
    """The record in an in-toto statement. Raises KeyError, TypeError, ValueError."""
    if data["predicateType"] != PREDICATE:
        raise ValueError(f"not evidence of gleis: {data['predicateType']}")
    said = data["predicate"]
    return Record(
        stage=said["stage"],
        job=said["job"],
        environment=said["environment"],
        verdict=said["verdict"],
        reason=said["reason"],
        started=datetime.fromisoformat(said["startedOn"]),
        finished=datetime.fromisoformat(said["finishedOn"]),
        key=said["key"],
        source=Source(**said["source"]),
        inputs=_digests(said["inputs"]),
        outputs=_digests([made for made in data["subject"] if made["name"] not in (_COMMIT, _KEY)]),
        parameters=said["parameters"],
        versions=said["versions"],
        metrics=said["metrics"],
        findings=tuple(said["findings"]),
        details=said["details"],
        log=said["log"],
    )


def read(root: Path, stage: str) -> Record | None:
    """The evidence of `stage`, or None where none can be trusted (missing, cut off)."""
    try:
        return from_statement(json.loads(path(root, stage).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def now() -> datetime:
    """The present in UTC, to the millisecond: what evidence keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _files(digests: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(digests.items())
    ]


def _digests(files: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["name"]: entry["digest"]["sha256"] for entry in files}
