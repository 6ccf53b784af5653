"""The catalogue of SOPs: the pages in `docs/sops/` themselves, there is no second list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gleis import resources
from gleis.contract import ContractError, Position, Problem, document, schema
from gleis.findings import RuleInfo, Severity

FOLDER = "docs/sops"
_NAME = re.compile(r"(SOP-\d{3})-[a-z0-9]+(-[a-z0-9]+)*\.md")


@dataclass(frozen=True)
class Reference:
    """Where a demand comes from."""

    title: str
    url: str


@dataclass(frozen=True)
class Sop:
    """The front matter of one page. `grace` is the last day on which findings only inform."""

    id: str
    title: str
    severity: Severity
    tier: str
    owner: str
    since: str
    grace: date | None
    by: str
    check_ids: tuple[str, ...]
    remediation: str
    references: tuple[Reference, ...]
    page: str

    @property
    def info(self) -> RuleInfo:
        """What formats show of it."""
        return RuleInfo(self.id, self.title, self.severity, self.page)


def load(folder: Path | None = None) -> dict[str, Sop]:
    """Every SOP by id, in order. Raises ContractError with all that is wrong in any page."""
    problems: list[Problem] = []
    pages: dict[str, Sop] = {}
    for path in sorted((folder or resources.path(FOLDER)).glob("SOP-*.md")):
        try:
            sop = read(path)
            if sop.id in pages:
                message = f"{sop.id} stands on {pages[sop.id].page} already"
                problems.append(Problem("sop/unique-id", message, Position(sop.page, 2)))
            pages[sop.id] = sop
        except ContractError as error:
            problems += error.problems
    if problems:
        raise ContractError(problems)
    return pages


def read(path: Path) -> Sop:
    """One page. Raises ContractError."""
    name = f"{FOLDER}/{path.name}"
    match = re.match(r"---\n(.*?\n)---\n", path.read_text(encoding="utf-8"), re.DOTALL)
    if not match:
        message = "the page does not start with front matter between two lines of ---"
        raise ContractError([Problem("sop/front-matter", message, Position(name))])
    loaded = document.parse(match.group(1), path, name=name, first_line=2)
    problems = schema.check(loaded, "sop")
    if problems:
        raise ContractError(problems)
    named = _NAME.fullmatch(path.name)
    if not named or named.group(1) != loaded.data["id"]:
        message = f"the file is called {path.name}; {loaded.data['id']}-<slug>.md is expected"
        raise ContractError([Problem("sop/file-name", message, loaded.position("id"))])
    data = loaded.data
    return Sop(
        id=data["id"],
        title=data["title"],
        severity=Severity(data["severity"]),
        tier=data["tier"],
        owner=data["owner"],
        since=data["since"],
        grace=date.fromisoformat(data["graceDate"]) if data["graceDate"] else None,
        by=data["check"]["by"],
        check_ids=tuple(data["check"].get("ids", ())),
        remediation=data["remediation"].strip(),
        references=tuple(Reference(**entry) for entry in data["references"]),
        page=name,
    )


def gaps(rules: Iterable[str], pages: Mapping[str, Sop], fixtures: Path | None = None) -> list[str]:
    """What keeps rules, pages and fixtures from belonging together; empty when they do.

    `fixtures` holds a folder per SOP with `pass-…` and `fail-…` folders in it.
    """
    rules = set(rules)
    found = [f"{name} has a rule, but no page in {FOLDER}" for name in sorted(rules - set(pages))]
    found += [f"{name} has a page, but no rule" for name in sorted(set(pages) - rules)]
    if fixtures is not None:
        found += [
            f"{name} has no {kind}ing fixture in {fixtures / name}"
            for name in sorted(rules)
            for kind in ("pass", "fail")
            if not any((fixtures / name).glob(f"{kind}-*/"))
        ]
    return found
