"""One waiver as written in `waivers.yaml`, and what can be wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from gleis.contract import ContractError, document, schema
from gleis.findings import Finding, Severity, WaiverRef

FILE = "waivers.yaml"

# Longest life of a waiver in days, by the severity of what it waives. The worse the finding, the
# sooner somebody has to look at it again; a year is the longest that any audit cycle forgives.
MAXIMUM_DAYS: Mapping[Severity, int] = MappingProxyType(
    {
        Severity.CRITICAL: 14,
        Severity.HIGH: 30,
        Severity.MEDIUM: 90,
        Severity.LOW: 180,
        Severity.INFO: 365,
    }
)
# What rules of stages begin with. Their findings come from outside of the repo, so `gleis check`
# can neither hold these waivers against anything nor call them unused.
STAGES = ("SCAN/", "INFRA/")
_GLOB = frozenset("*?[]{}")


@dataclass(frozen=True)
class Waiver:
    """`path` is one file, or with a trailing `/` everything below one folder.

    `expires` is the last day (UTC) on which it holds. `fingerprint`, if given, narrows it to
    one finding. `line` is where it stands in `waivers.yaml`.
    """

    rule: str
    path: str
    owner: str
    approver: str
    ticket: str
    reason: str
    created: date
    expires: date
    fingerprint: str = ""
    file: str = FILE
    line: int | None = None

    def defects(self, today: date) -> list[str]:
        """Why this waiver waives nothing whatever it is held against; empty when it is sound."""
        found = path_defects(self.path)
        if _same_person(self.owner, self.approver):
            found.append("owner and approver are the same; a second pair of eyes approves")
        if self.expires < self.created:
            found.append(f"it expires ({self.expires}) before it was created ({self.created})")
        if self.created > today:
            found.append(f"it was created in the future ({self.created})")
        return found

    def covers(self, finding: Finding) -> bool:
        """Whether `finding` is what this waiver speaks of; says nothing about its being valid."""
        return (
            finding.rule == self.rule
            and finding.file is not None
            and self.fingerprint in ("", finding.fingerprint)
            and _path_covers(self.path, finding.file)
        )

    def objections(
        self, finding: Finding, today: date, limits: Mapping[Severity, int] = MAXIMUM_DAYS
    ) -> list[str]:
        """Why this waiver does not excuse `finding`, which it covers; empty when it does."""
        found = self.defects(today)
        if today > self.expires:
            found.append(f"it expired on {self.expires}")
        life, limit = (self.expires - self.created).days, limits[finding.severity]
        if life > limit:
            found.append(
                f"it runs for {life} days; {finding.severity.value} findings may be waived for "
                f"{limit} at most"
            )
        return found

    def reference(self) -> WaiverRef:
        """What a waived finding tells of its waiver."""
        return WaiverRef(self.owner, self.approver, self.ticket, self.reason, self.expires)


def load(path: Path, *, root: Path | None = None) -> list[Waiver]:
    """Read `waivers.yaml`. Raises ContractError with every problem of its shape."""
    return from_document(document.load(path, root=root))


def parse(text: str, name: str = FILE) -> list[Waiver]:
    """The same from text that was read already."""
    return from_document(document.parse(text, Path(name), name=name))


def from_document(loaded: document.Document) -> list[Waiver]:
    """Waivers out of a loaded document. Raises ContractError with every problem of its shape."""
    problems = schema.check(loaded, "waivers")
    if problems:
        raise ContractError(problems)
    return [
        Waiver(
            **{
                **entry,
                "created": date.fromisoformat(entry["created"]),
                "expires": date.fromisoformat(entry["expires"]),
            },
            file=loaded.name,
            line=loaded.position("waivers", index).line,
        )
        for index, entry in enumerate(loaded.data["waivers"])
    ]


def path_defects(path: str) -> list[str]:
    """What keeps `path` from being one exact file or one exact folder of the repo."""
    found = []
    parts = path.removesuffix("/").split("/")
    if path.startswith("/"):
        found.append("its path is absolute; write it relative to the repo")
    elif "" in parts or "." in parts:
        found.append("its path is not in its plain form; leave out `//` and `./`")
    if ".." in parts:
        found.append("its path leads upwards with `..`")
    if "\\" in path:
        found.append("its path has a backslash; separate folders with `/`")
    if _GLOB & set(path):
        found.append("its path has a glob; name the file, or the folder with a trailing `/`")
    if not path.isprintable():
        found.append("its path has characters that cannot be seen")
    return found


def _path_covers(path: str, file: str) -> bool:
    wanted, actual = unicodedata.normalize("NFC", path), unicodedata.normalize("NFC", file)
    return actual.startswith(wanted) if wanted.endswith("/") else actual == wanted


def _same_person(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip().removeprefix("@")
