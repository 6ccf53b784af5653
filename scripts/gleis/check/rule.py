"""What a rule is: a small class named after its SOP, registered by a decorator.

    @rule()
    class SOP042:
        \"\"\"What holds when it is kept.\"\"\"

        @staticmethod
        def check(codeowners: Codeowners | None) -> Iterator[Violation]:
            ...

The parameters of `check` name the inputs (`gleis.check.inputs`) that it wants; it opens no file.
Title, severity, remediation and all else about it stand on its page in `docs/sops/`.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, TypeVar

from gleis.findings import Fix


class Kind(StrEnum):
    """What sort of repo is checked."""

    PROJECT = "project"
    PLATFORM = "platform"


PROJECTS = frozenset({Kind.PROJECT})
ANY = frozenset(Kind)


@dataclass(frozen=True)
class Violation:
    """What a rule has to say; the engine makes the Finding of it.

    `context` is what the fingerprint stands on, the line's text when empty. `remediation` says more
    exactly what to do than the SOP's page does.
    """

    message: str
    file: str | None
    line: int | None = None
    column: int | None = None
    context: str = ""
    remediation: str = ""
    fix: Fix = Fix.NONE


@dataclass(frozen=True)
class RuleSpec:
    """A registered rule."""

    id: str
    check: Callable[..., Iterable[Violation]]
    applies: frozenset[Kind]
    inputs: tuple[str, ...]
    module: str


Registry = dict[str, RuleSpec]
RULES: Registry = {}
_NAME = re.compile(r"SOP(\d{3})")
C = TypeVar("C", bound=type[Any])


def rule(*, applies: frozenset[Kind] = PROJECTS, registry: Registry = RULES) -> Callable[[C], C]:
    """Register a class as a rule. Raises ValueError for a wrong name or one that is taken."""

    def register(cls: C) -> C:
        match = _NAME.fullmatch(cls.__name__)
        if not match:
            raise ValueError(f"a rule's class is named SOPnnn, not {cls.__name__}")
        rule_id = f"SOP-{match.group(1)}"
        if rule_id in registry:
            taken = registry[rule_id].module
            raise ValueError(f"{rule_id} is defined in {taken} and again in {cls.__module__}")
        parameters = tuple(inspect.signature(cls.check).parameters)
        registry[rule_id] = RuleSpec(rule_id, cls.check, applies, parameters, cls.__module__)
        return cls

    return register


def load() -> Registry:
    """All rules, by id: every module of `gleis.check.rules` is imported once."""
    from gleis.check import rules

    for module in pkgutil.iter_modules(rules.__path__):
        import_module(f"{rules.__name__}.{module.name}")
    return dict(sorted(RULES.items()))
