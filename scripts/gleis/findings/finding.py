"""One finding: which rule, how bad, where, what to do, and who has waived it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad a finding is; ordered, `Severity.CRITICAL` is the greatest."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 4 for critical."""
        return len(_SCALE) - 1 - _SCALE.index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


_SCALE = tuple(Severity)


class Fix(StrEnum):
    """Whether a machine may mend it: without asking, only after a look at the diff, or not."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    NONE = "none"


@dataclass(frozen=True)
class WaiverRef:
    """The waiver that covers a finding, as far as a reader of the finding wants to know."""

    owner: str
    approver: str
    ticket: str
    reason: str
    expires: date

    def to_dict(self) -> dict[str, Any]:
        """Plain data, dates as ISO 8601."""
        return {
            "owner": self.owner,
            "approver": self.approver,
            "ticket": self.ticket,
            "reason": self.reason,
            "expires": self.expires.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WaiverRef:
        """The inverse of `to_dict`."""
        return cls(**{**data, "expires": date.fromisoformat(data["expires"])})


@dataclass(frozen=True)
class Finding:
    """A rule does not hold at a place. `file` is relative to the checked root, with `/`.

    `line` and `column` count from 1 and are None where the source has no such place (a missing
    file). `fingerprint` names the finding across line moves.
    """

    rule: str
    severity: Severity
    message: str
    remediation: str
    file: str | None
    line: int | None = None
    column: int | None = None
    fingerprint: str = ""
    fix: Fix = Fix.NONE
    waiver: WaiverRef | None = None

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known, `.` for the repo as a whole."""
        parts = [self.file or ".", self.line, self.column if self.line else None]
        return ":".join(str(part) for part in parts if part is not None)

    @property
    def fails(self) -> bool:
        """Whether this finding alone makes the answer "no": not waived and worse than info."""
        return self.waiver is None and self.severity > Severity.INFO

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the shape of `schemas/findings.schema.json`."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "remediation": self.remediation,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "fingerprint": self.fingerprint,
            "fix": self.fix.value,
            "waiver": self.waiver.to_dict() if self.waiver else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """The inverse of `to_dict`."""
        waiver = data.get("waiver")
        return cls(
            **{
                **data,
                "severity": Severity(data["severity"]),
                "fix": Fix(data.get("fix", Fix.NONE)),
                "waiver": WaiverRef.from_dict(waiver) if waiver else None,
            }
        )


def fingerprint(rule: str, file: str | None, context: str, nth: int = 0) -> str:
    """A name for a finding that survives line moves and re-indentation: 32 hex digits.

    `context` is what the finding is about (usually the line's text); runs of white space in it
    count as one. `nth` tells apart findings with the same rule, file and context.
    """
    text = "\0".join((rule, file or "", " ".join(context.split()), str(nth)))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
