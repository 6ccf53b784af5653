"""One preview from beginning to end: two points in time, what is wrong, and what would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gleis.contract import platform as platforms
from gleis.contract.platform import Platform
from gleis.findings.finding import Finding
from gleis.findings.report import ordered
from gleis.gitops import compat
from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import difference, helm, kept, schemas, side, tenancy, times, work
from gleis.gitops.preview.applicationsets import Evaluation
from gleis.gitops.preview.difference import ObjectChange
from gleis.gitops.preview.finding import finding
from gleis.gitops.preview.kept import Kept
from gleis.gitops.preview.rules import records, references
from gleis.gitops.preview.side import Scope, Side
from gleis.gitops.preview.tree import Tree
from gleis.gitops.preview.work import Job

Progress = Callable[[str, int, int], None]


def quiet(what: str, done: int, total: int) -> None:
    """No progress shown."""
    del what, done, total


@dataclass(frozen=True)
class Request:
    """What is asked for. `state` is a checkout of the state where it has a repository of its own.

    `environment` and `tenant` (TEAM/PROJECT) narrow what is rendered; records are all looked at.
    """

    platform_file: Path
    state: Path | None = None
    changed_since: str = ""
    environment: str = ""
    tenant: str = ""
    cache: Path | None = None


@dataclass(frozen=True)
class Preview:
    """What came out. `rendered` counts the charts and manifests that were not known from before,
    `unvalidated` objects by kind, `elsewhere` what lies where a preview does not reach."""

    findings: tuple[Finding, ...]
    tenants: int
    applications: int
    objects: int
    rendered: int
    unvalidated: dict[str, int] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    changes: tuple[ObjectChange, ...] = ()
    compared: str = ""

    def exit_code(self, *, strict: bool = False) -> int:
        """1 for findings; with `strict`, for what could not be validated, too."""
        if any(each.fails for each in self.findings):
            return 1
        return 1 if strict and self.unvalidated else 0


def preview(request: Request, progress: Progress = quiet) -> Preview:
    """Look at the state as it is, and at what has changed since a revision.

    Raises GitopsError and ContractError for wrong input, ToolMissing without Helm.
    """
    program = helm.find()
    platform = platforms.load(request.platform_file)
    memory = Kept(request.cache)
    try:
        with times.opened(
            request.platform_file, platform, request.state, request.changed_since
        ) as found:
            return _Preview(request, platform, program, memory, progress).of(found)
    finally:
        memory.close()


class _Preview:
    def __init__(
        self,
        request: Request,
        platform: Platform,
        program: helm.Helm,
        memory: Kept,
        progress: Progress,
    ) -> None:
        self.request, self.platform, self.helm = request, platform, program
        self.memory, self.progress = memory, progress
        root = times.root_of(request.platform_file)
        self.schemas = schemas.folder(root)
        known = root / compat.FILE
        self.compat = compat.load(root) if known.is_file() else None
        salt = [kept.code(), program.digest(), schemas.Schemas(self.schemas).digest()]
        salt.append(known.read_text(encoding="utf-8") if self.compat else "")
        self.salt = kept.key(*salt)
        self.evaluation = Evaluation(program, memory)

    def of(self, found: times.Times) -> Preview:
        now, before = found.now, found.before
        path = self.platform.gitops.path
        tenants = self._tenancy(now, path)
        folders, rest = side.changed(before, now, path) if before else (frozenset(), True)
        scope = self._scope(tenants, None if rest else folders)
        after = self._side(now, path, self.platform, tenants, scope)
        sides = [after]
        if before:
            platform = self._platform_then(before)
            only = None if rest else folders
            theirs = self._tenancy(before, platform.gitops.path, only)
            sides.append(self._side(before, platform.gitops.path, platform, theirs, scope))
        rendered = self._run(sides)
        changes = self._changes(after, sides[1]) if before else []
        return self._judged(after, rendered, changes, found.compared)

    def _platform_then(self, before: Tree) -> Platform:
        """platform.yaml as it was, where it is one that the revision has."""
        own = times.root_of(self.request.platform_file) / side.PLATFORM
        if own.resolve() != self.request.platform_file.resolve():
            return self.platform
        return side.platform_of(before, self.platform)

    def _tenancy(
        self, tree: Tree, path: str, only: frozenset[str] | None = None
    ) -> tenancy.Tenancy:
        total = len(tree.below(path))

        def done(count: int) -> None:
            self.progress("records", count, total)

        return tenancy.read(tree, path, self.memory, only=only, done=done)

    def _scope(self, tenants: tenancy.Tenancy, folders: frozenset[str] | None) -> Scope:
        wanted = self.request.tenant
        if wanted:
            mine = [each.folder for each in tenants.entries if each.tenant.name == wanted]
            if not mine and not any(f"/{wanted}/" in f"/{each}/" for each in tenants.folders):
                raise GitopsError(f"{wanted} is no tenant; `gleis tenant list` shows who is")
            folders = frozenset(mine) if folders is None else folders & frozenset(mine)
        return Scope(folders, self.request.environment)

    def _side(
        self, tree: Tree, path: str, platform: Platform, tenants: tenancy.Tenancy, scope: Scope
    ) -> Side:
        self.progress("templates", 0, 0)
        return side.read(
            tree, path, platform, tenants, scope, evaluation=self.evaluation, salt=self.salt
        )

    def _run(self, sides: Sequence[Side]) -> int:
        """Render what is not known yet; how many charts and manifests that were."""
        total = 0
        for each in sides:
            jobs = {part.job.key: part.job for part in each.parts}
            known = self.memory.get(_light(key) for key in jobs)
            missing = [job for key, job in jobs.items() if _light(key) not in known]
            self._render(missing, each)
            total += len(missing)
        return total

    def _render(self, jobs: Sequence[Job], of: Side) -> None:
        through = 0

        def done(count: int) -> None:
            nonlocal through
            through += count
            self.progress("charts", through, len(jobs))

        def take(results: dict[str, work.Result]) -> None:
            self.memory.put({_light(key): each.light for key, each in results.items()})
            self.memory.put_packed({_objects(key): each.objects for key, each in results.items()})

        work.run(jobs, work.Setting(self.helm, of.charts, self.schemas, self.compat), done, take)

    def _changes(self, after: Side, before: Side) -> list[ObjectChange]:
        """What differs, looking only into parts that are not the same on both sides."""
        keys = [{part.job.key for part in each.parts} for each in (before, after)]
        objects: list[dict[str, Any]] = []
        for each, others in zip((before, after), reversed(keys), strict=True):
            jobs = {p.job.key: p.job for p in each.parts if p.job.key not in others}
            wanted = [_objects(key) for key in jobs]
            found = self.memory.get(wanted)
            lost = [job for key, job in jobs.items() if _objects(key) not in found]
            if lost:  # what is kept may be damaged, or half gone
                self._render(lost, each)
                found = self.memory.get(wanted)
            objects.append(dict(pair for one in found.values() for pair in one.items()))
        return difference.changes(*objects)

    def _judged(
        self, after: Side, rendered: int, changes: Sequence[ObjectChange], compared: str
    ) -> Preview:
        light = self.memory.get(_light(part.job.key) for part in after.parts)
        findings = [*after.tenancy.findings, *after.findings]
        findings += records.broken(after.tenancy.entries, after.platform)
        unknown: Counter[str] = Counter()
        parts = []
        for part in after.parts:
            said = light[_light(part.job.key)]
            findings += [finding(rule, message, part.file) for rule, message in said["broken"]]
            unknown.update(said["unknown"])
            parts.append(references.Part(part.file, said["facts"], said["identities"]))
        clusters = {each.name for each in after.platform.clusters} | {side.HUB_CLUSTER}
        findings += _found(references.duplicates(parts))
        findings += _found(references.queues(parts))
        findings += _found(references.applications(after.applications, parts, clusters))
        findings += [
            finding("unvalidated", f"{count} of {kind}", None)
            for kind, count in sorted(unknown.items())
        ]
        return Preview(
            findings=ordered(set(findings)),
            tenants=len(after.tenancy.entries),
            applications=len(after.applications),
            objects=sum(len(part.identities) for part in parts),
            rendered=rendered,
            unvalidated=dict(sorted(unknown.items())),
            elsewhere=tuple(sorted(set(after.elsewhere))),
            changes=tuple(changes),
            compared=compared,
        )


def _found(broken: Iterable[references.Broken]) -> list[Finding]:
    return [finding(rule, message, file) for rule, message, file in broken]


def _light(key: str) -> str:
    return f"{key}:said"


def _objects(key: str) -> str:
    return f"{key}:objects"
