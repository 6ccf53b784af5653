"""The engine: gives each rule its inputs, makes findings of what it says, holds them to waivers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from gleis.check import catalogue as sops
from gleis.check import rule as rules
from gleis.check.catalogue import Sop
from gleis.check.inputs import Collected, Inputs
from gleis.check.rule import Kind, RuleSpec, Violation
from gleis.check.tree import CannotCheck, Tree
from gleis.contract import ContractError
from gleis.contract.platform import Platform
from gleis.contract.problem import did_you_mean
from gleis.errors import GleisError, ToolMissing
from gleis.findings import Finding, Report, Severity, fingerprint
from gleis.findings.report import ordered
from gleis.tools.errors import ToolError

WAIVERS = "waivers.yaml"


class CheckRefused(GleisError):
    """There is nothing here to check, or the request names a rule that is none."""


def kind_of(root: Path) -> Kind:
    """What sort of repo `root` is. Raises CheckRefused."""
    if not root.is_dir():
        raise CheckRefused(f"{root} is not a folder: name the folder of a project")
    if (root / "platform.yaml").is_file() and (root / "copier.yml").is_file():
        return Kind.PLATFORM
    if (root / "project.yaml").exists():
        return Kind.PROJECT
    raise CheckRefused(
        f"{root} has no project.yaml: change into a project, name its folder, or make one with "
        "`copier copy`"
    )


def check(
    root: Path,
    *,
    today: date,
    platform: Platform | None = None,
    only: set[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Hold the repo at `root` against every SOP that applies to it, or against `only` some.

    `today` decides about waivers and grace dates. `platform` is the organisation, the one in force
    by default. `progress` is called with a line before something that takes long.

    Raises CheckRefused when `root` is no repo to check or `only` names no rule, and ContractError
    when the platform's own files are broken; whatever is wrong with the repo is a finding.
    """
    started = time.monotonic()
    kind = kind_of(root)
    pages = sops.load()
    registry = rules.load()
    _complete(registry, pages)
    chosen = [spec for spec in _chosen(registry, only) if kind in spec.applies]
    if platform is None:
        from gleis.contract.platform import load

        platform = load(root / "platform.yaml" if kind is Kind.PLATFORM else None)
    tree = Tree(root)
    inputs = Inputs(
        tree,
        {
            "platform": platform,
            "today": today,
            "catalogue": pages,
            "kind": kind,
            "progress": progress,
        },
    )
    missing: list[str] = []
    findings: list[Finding] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name in inputs.slow(name for spec in chosen for name in spec.inputs):
            pool.submit(_prepare, inputs, name)
        # Rules that wait for nothing first: they are done while the outside checkers run.
        for spec in sorted(chosen, key=lambda spec: inputs.waits(spec.inputs)):
            violations = _run(spec, inputs, missing)
            findings += _findings(pages[spec.id], violations, tree, today)
    findings = _waived(findings, tree, today, {spec.id for spec in chosen}, whole=only is None)
    return Report(
        findings=ordered(findings),
        rules=tuple(pages[spec.id].info for spec in chosen),
        seconds=time.monotonic() - started,
        missing=tuple(dict.fromkeys(missing)),
    )


def _complete(registry: Mapping[str, RuleSpec], pages: Mapping[str, Sop]) -> None:
    gaps = sops.gaps(registry, pages)
    if gaps:
        raise CheckRefused("the catalogue of SOPs is broken: " + "; ".join(gaps))


def _chosen(registry: Mapping[str, RuleSpec], only: set[str] | None) -> list[RuleSpec]:
    for name in sorted(only or ()):
        if name not in registry:
            hint = did_you_mean(name, registry) or f"There are: {', '.join(registry)}."
            raise CheckRefused(f"there is no SOP {name}. {hint}")
    return [spec for spec in registry.values() if only is None or spec.id in only]


def _prepare(inputs: Inputs, name: str) -> None:
    with suppress(Exception):  # the rule that asks for it is told
        inputs.get(name)


def _run(spec: RuleSpec, inputs: Inputs, missing: list[str]) -> Iterator[Violation]:
    """What the rule says; what keeps it from speaking is a violation too: it fails closed."""
    try:
        arguments: dict[str, Any] = {}
        for name in spec.inputs:
            value = inputs.get(name)
            if isinstance(value, Collected):
                for error in value.unreadable:
                    yield _unchecked(str(error), error.file, error.line)
                value = value.items
            arguments[name] = value
        yield from spec.check(**arguments)
    except CannotCheck as error:
        yield _unchecked(str(error), error.file, error.line)
    except ContractError as error:
        for problem in error.problems:
            yield _unchecked(problem.message, problem.file, problem.line, problem.column)
    except (ToolMissing, ToolError) as error:
        missing.append(error.message)
        yield _unchecked(error.message.splitlines()[0], None)
    except Exception as error:  # a rule must not take the others down with it
        yield _unchecked(f"the check itself failed ({type(error).__name__}: {error})", None)


def _unchecked(
    why: str, file: str | None, line: int | None = None, column: int | None = None
) -> Violation:
    return Violation(f"could not be checked: {why}", file, line, column, context=why)


def _findings(
    sop: Sop, violations: Iterable[Violation], tree: Tree, today: date
) -> Iterator[Finding]:
    seen: Counter[tuple[str | None, str]] = Counter()
    for violation in violations:
        file = _named(violation.file)
        context = violation.context or _line(tree, violation) or violation.message
        key = (file, " ".join(context.split()))
        severity, message = sop.severity, violation.message
        if sop.grace is not None and today <= sop.grace:
            severity = Severity.INFO
            message += f" (fails after {sop.grace})"
        yield Finding(
            rule=sop.id,
            severity=severity,
            message=message,
            remediation=violation.remediation or sop.remediation,
            file=file,
            line=violation.line,
            column=violation.column,
            fingerprint=fingerprint(sop.id, file, context, seen[key]),
            fix=violation.fix,
        )
        seen[key] += 1


def _named(file: str | None) -> str | None:
    """A file's name as text; bytes that are not UTF-8 are written as escapes."""
    return file and file.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _line(tree: Tree, violation: Violation) -> str:
    if not (violation.file and violation.line):
        return ""
    try:
        raw = tree.read(violation.file)
    except CannotCheck:
        return ""
    lines = (raw or b"").split(b"\n")
    if violation.line > len(lines):
        return ""
    return lines[violation.line - 1].decode("utf-8", errors="replace")


def _waived(
    findings: list[Finding], tree: Tree, today: date, ran: set[str], *, whole: bool
) -> list[Finding]:
    """Findings held to the repo's waivers; a file that cannot be read waives nothing."""
    from gleis import waivers

    try:
        raw = tree.read(WAIVERS)
        if raw is None:
            return findings
        from gleis.check.tree import decode

        written = waivers.parse(decode(WAIVERS, raw).text, WAIVERS)
    except CannotCheck as error:
        return [*findings, waivers.malformed(str(error), WAIVERS, error.line)]
    except ContractError as error:
        return [
            *findings,
            *(
                waivers.malformed(str(problem), problem.file, problem.line, problem.column)
                for problem in error.problems
            ),
        ]
    # A waiver for a rule that did not run cannot be called unused.
    ours = [waiver for waiver in written if not waiver.rule.startswith(waivers.STAGES)]
    applying = [waiver for waiver in ours if whole or waiver.rule in ran]
    return waivers.match(findings, applying, today)
