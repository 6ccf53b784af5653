"""Family SEC: what comes in, and what must not get out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from gleis.check.rule import ANY, Kind, Violation, rule
from gleis.check.runners.secrets import Secret
from gleis.check.sources.python import Lock, Pyproject, Requirement, requirement_name

_HASH = re.compile(r"sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})")
_PIN = re.compile(r"==\s*[0-9][^\s*,;]*\s*(;.*)?", re.DOTALL)


@rule(applies=ANY)
class SOP004:
    """Dependencies are locked with hashes."""

    @staticmethod
    def check(
        locks: Sequence[Lock], pyproject: Pyproject | None, kind: Kind
    ) -> Iterator[Violation]:
        """Every requirement pinned and hashed, no addresses, every direct dependency locked."""
        wanted = "requirements.lock" if kind is Kind.PROJECT else "requirements/core.lock"
        if not any(lock.file == wanted for lock in locks):
            yield Violation("no dependencies are locked: the file is missing", wanted)
        for lock in locks:
            yield from _loose(lock)
        if pyproject is None:
            if kind is Kind.PROJECT:
                yield Violation("no pyproject.toml declares the dependencies", "pyproject.toml")
            return
        locked = frozenset[str]().union(*(lock.names for lock in locks))
        for text, name in _direct(pyproject):
            if locks and name not in locked:
                yield Violation(
                    f"{name} is declared, but no lock has it",
                    "pyproject.toml",
                    pyproject.line_of_requirement(text),
                    context=f"unlocked {name}",
                )


def _loose(lock: Lock) -> Iterator[Violation]:
    for requirement in lock.requirements:
        why = _why_loose(requirement)
        if why:
            yield Violation(f"{requirement.name} {why}", lock.file, requirement.line)
    for option in lock.options:
        # The value of an option may hold a password: only its name is shown.
        name = re.split(r"[\s=]", option.text)[0]
        message = f"the option {name} has no place in a lock: it names a source or weakens it"
        yield Violation(message, lock.file, option.line, context=f"option {name}")


def _why_loose(requirement: Requirement) -> str:
    if "@" in requirement.rest or "://" in requirement.rest:
        return "is taken from an address"
    if not _PIN.fullmatch(requirement.rest):
        return "is not pinned to one version"
    if not requirement.hashes:
        return "has no hash"
    wrong = [each for each in requirement.hashes if not _HASH.fullmatch(each)]
    return f"has a hash of no known kind ({wrong[0][:20]})" if wrong else ""


def _direct(pyproject: Pyproject) -> Iterator[tuple[str, str]]:
    """Requirement strings that the project declares, and the names in them."""
    listed: list[Any] = [pyproject.get("project", "dependencies") or []]
    listed += (pyproject.get("dependency-groups") or {}).values()
    own = requirement_name(str(pyproject.get("project", "name")))
    for entries in listed:
        for entry in entries:
            name = requirement_name(entry) if isinstance(entry, str) else None
            if name and name != own:
                yield entry, name


@rule(applies=ANY)
class SOP006:
    """The repo holds no secrets."""

    @staticmethod
    def check(secrets: Sequence[Secret]) -> Iterator[Violation]:
        """Nothing that looks like a key, a token or a password; it is never shown."""
        for secret in secrets:
            yield Violation(
                f"this looks like a secret ({secret.kind})",
                secret.file,
                secret.line,
                context=f"{secret.kind} {secret.digest}",
            )
