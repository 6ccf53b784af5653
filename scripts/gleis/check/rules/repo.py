"""Family REPO: what every repo says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gleis.check.rule import Violation, rule
from gleis.check.sources.contract import Contract
from gleis.check.sources.ownership import PLACES, Codeowners, OwnerLine
from gleis.contract import Problem
from gleis.contract.platform import Platform

_EVERYTHING = frozenset({"*", "**", "/**", "**/*", "/**/*"})
_OWNER = re.compile(r"@[\w.-]+(/[\w.-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+")


@rule()
class SOP001:
    """The contract is valid."""

    # What another SOP says better is not said twice.
    LEFT_TO_OTHERS = frozenset({"project/slice-columns-exist"})

    @staticmethod
    def check(contract: Contract) -> Iterator[Violation]:
        """Every problem that the contract room finds."""
        for problem in contract.problems:
            if problem.rule not in SOP001.LEFT_TO_OTHERS:
                yield Violation(
                    _said(problem),
                    problem.file,
                    problem.line,
                    problem.column,
                    context=f"{problem.rule} {problem.message}",
                    remediation=problem.hint,
                )


def _said(problem: Problem) -> str:
    allowed = f"; allowed: {problem.allowed}" if problem.allowed else ""
    return f"{problem.message}{allowed}"


@rule()
class SOP002:
    """Every file has an owner, and the project's team is one."""

    @staticmethod
    def check(
        codeowners: Codeowners | None, contract: Contract, platform: Platform
    ) -> Iterator[Violation]:
        """There is a line for everything, the team is on it, and no later line takes it back."""
        if codeowners is None:
            yield Violation("no CODEOWNERS file says who owns the repo", PLACES[0])
            return
        for line in codeowners.lines:
            for owner in line.owners:
                if not _OWNER.fullmatch(owner):
                    message = f"{owner} is neither @user, @organisation/team nor an e-mail address"
                    yield Violation(message, codeowners.file, line.line)
        whole = [line for line in codeowners.lines if line.pattern in _EVERYTHING]
        if not whole:
            yield Violation("no line `*` covers every file", codeowners.file, 1, context="no *")
            return
        yield from _unowned(codeowners, whole[-1])
        if not whole[-1].owners:
            return
        accepted = _accepted(contract, platform)
        if accepted and not accepted & {owner.casefold() for owner in whole[-1].owners}:
            yield Violation(
                f"the line `{whole[-1].pattern}` does not name the project's team "
                f"({contract.get('metadata', 'team')})",
                codeowners.file,
                whole[-1].line,
                remediation=f"Put {sorted(accepted)[0]} on this line.",
            )


def _unowned(codeowners: Codeowners, whole: OwnerLine) -> Iterator[Violation]:
    for line in codeowners.lines:
        if not line.owners and line.line >= whole.line:
            message = f"{line.pattern} is left without an owner"
            yield Violation(message, codeowners.file, line.line)


def _accepted(contract: Contract, platform: Platform) -> set[str]:
    """What may stand for the project's team, the git host's name for it first."""
    name = contract.get("metadata", "team")
    team = platform.team(name) if isinstance(name, str) else None
    if team is None:
        return set()  # SOP-001 says that there is no such team
    owners = {f"@{platform.git.owner}/{team.github_team or team.name}", team.owner}
    return {owner.casefold() for owner in owners}
