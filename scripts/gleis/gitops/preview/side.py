"""The state and the platform at one point in time, evaluated down to jobs for workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from gleis.contract import ContractError, document, schema, typed
from gleis.contract.platform import Platform
from gleis.findings.finding import Finding
from gleis.gitops import charts
from gleis.gitops.batch import Item
from gleis.gitops.charts import Chart
from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import applicationsets, kept, sources
from gleis.gitops.preview.applicationsets import Application, Evaluation
from gleis.gitops.preview.clusters import known
from gleis.gitops.preview.finding import finding
from gleis.gitops.preview.rules.owner import HUB, Owner
from gleis.gitops.preview.tenancy import Entry, Tenancy
from gleis.gitops.preview.tree import Tree
from gleis.gitops.preview.work import Job
from gleis.gitops.records import PROJECT

PLATFORM = "platform.yaml"
# What is applied by hand, and what lies beside it: objects of Argo CD's own cluster.
HUB_FOLDERS = ("argocd/bootstrap", "argocd/applicationsets")
HUB_CLUSTER = "in-cluster"
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Part:
    """A source of an Application: the job that renders it, and the file that it is owed to."""

    application: str
    number: int
    job: Job
    file: str


@dataclass
class Side:
    """What there is at one point in time, before anything is rendered."""

    title: str
    platform: Platform
    tenancy: Tenancy
    charts: dict[str, Chart] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    applications: list[tuple[Application, Owner, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scope:
    """What is looked at: `folders` of tenants (None: all), one environment or all."""

    folders: frozenset[str] | None = None
    environment: str = ""

    def has(self, file: str) -> bool:
        """Whether a record's file is looked at."""
        folder, _, name = file.rpartition("/")
        if self.folders is not None and folder not in self.folders:
            return False
        return not self.environment or name in (PROJECT, f"{self.environment}.yaml")

    def fits(self, owner: Owner) -> bool:
        """Whether what somebody owns is looked at; the platform's own always is."""
        return not (self.environment and owner.is_tenant and owner.environment != self.environment)


def platform_of(tree: Tree, otherwise: Platform) -> Platform:
    """platform.yaml of a tree, `otherwise` where it has none. Raises ContractError."""
    text = tree.read([PLATFORM]).get(PLATFORM)
    if text is None:
        return otherwise
    name = f"{PLATFORM} ({tree.title})"
    loaded = document.parse(text, Path(PLATFORM), name=name)
    problems = schema.check(loaded, "platform")
    if problems:
        raise ContractError(problems)
    return typed.build(Platform, loaded.data)


def read(
    tree: Tree,
    path: str,
    platform: Platform,
    tenants: Tenancy,
    scope: Scope,
    *,
    evaluation: Evaluation,
    salt: Any,
) -> Side:
    """Everything down to jobs. What cannot be evaluated becomes a finding of the side.

    `path` is the tenants' folder; `salt` stands for all that results depend on beside the files.
    """
    return _Reader(tree, path, platform, tenants, scope, evaluation, salt).side


class _Reader:
    """Fills a side."""

    def __init__(
        self,
        tree: Tree,
        path: str,
        platform: Platform,
        tenants: Tenancy,
        scope: Scope,
        evaluation: Evaluation,
        salt: Any,
    ) -> None:
        self.tree, self.scope, self.salt = tree, scope, salt
        self.side = Side(tree.title, platform, tenants)
        self.entries = {each.folder: each for each in tenants.entries}
        self.files = sources.Files(tree.blobs)
        self.others: dict[str, Any] = {}
        self.charts = self._charts()
        self.side.charts = self.charts
        self.digests = {
            each: kept.key(
                tree.digest(f"{charts.FOLDER}/{each}"),
                tree.digest(f"{charts.FOLDER}/{charts.LIBRARY}"),
            )
            for each in self.charts
        }
        hub = self._manifests(name for each in HUB_FOLDERS for name in tree.below(each))
        for name, objects in hub.items():
            self._add_manifests(name, 0, name, objects, Owner(), (HUB_CLUSTER, HUB))
        for made in self._applications(path, hub, evaluation):
            self._add(made)
        self._add_applications()

    def _charts(self) -> dict[str, Chart]:
        files = self.tree.read(self.tree.below(charts.FOLDER))
        start = f"{charts.FOLDER}/"
        try:
            return charts.read({name.removeprefix(start): each for name, each in files.items()})
        except GitopsError as error:
            self._say("chart", str(error), charts.FOLDER)
            return {}

    def _say(self, rule: str, message: str, file: str) -> None:
        self.side.findings.append(finding(rule, message, file))

    def _manifests(self, names: Iterable[str]) -> dict[str, tuple[Any, ...]]:
        import yaml

        found: dict[str, tuple[Any, ...]] = {}
        for name, text in self.tree.read(each for each in names if each.endswith(_YAML)).items():
            try:
                found[name] = sources.documents(text)
            except yaml.YAMLError as error:
                self._say("object", f"not valid YAML: {' '.join(str(error).split())[:200]}", name)
        return found

    def _applications(
        self, path: str, hub: dict[str, tuple[Any, ...]], evaluation: Evaluation
    ) -> Iterator[Application]:
        start = f"{path.strip('/')}/"
        records = self.side.tenancy.data
        names = {
            name
            for name in self.tree.blobs
            if not name.startswith(start) or (name in records and self.scope.has(name))
        }
        facts = known(self.tree, self.side.platform)
        if not any(name.startswith(f"{HUB_FOLDERS[1]}/") for name in hub):
            # Such as an installed Gleis, which has charts alone: nothing rendered is not clean.
            said = "there is none, so nothing would be rendered: run it in the platform's checkout"
            self._say("applicationset", said, HUB_FOLDERS[1])
        for file, objects in hub.items():
            try:
                sets = applicationsets.find({file: list(objects)})
                yield from evaluation.applications(sets, names, self._load, facts)
            except applicationsets.Refused as error:
                self._say("applicationset", error.message, error.file)

    def _load(self, names: Sequence[str]) -> dict[str, Any]:
        """The data of YAML files, records or others. Raises ContractError."""
        records = self.side.tenancy.data
        missing = [name for name in names if name not in records and name not in self.others]
        for name, text in self.tree.read(missing).items():
            self.others[name] = document.parse(text, Path(name), name=name).data
        return {name: records.get(name, self.others.get(name)) for name in names}

    def _add(self, made: Application) -> None:
        """The jobs of an Application."""
        owner, file = self._owner(made)
        if not self.scope.fits(owner):
            return
        self.side.applications.append((made, owner, file))
        place = sources.destination(made)
        for number, source in enumerate(sources.of(made, self.files)):
            if isinstance(source, sources.Elsewhere):
                self.side.elsewhere.append(source.what)
            elif isinstance(source, sources.Broken):
                self._say("application-source", f"Application {made.name}: {source.why}", file)
            elif isinstance(source, sources.ManifestSource):
                for name, objects in self._manifests(source.files).items():
                    title = f"{made.name}/{name}"
                    self._add_manifests(title, number, name, objects, owner, place)
            elif PurePosixPath(source.folder).name not in self.charts:
                self.side.elsewhere.append(f"chart {source.folder}")
            else:
                job = self._chart_job(source, owner, place)
                self.side.parts.append(Part(made.name, number, job, file))

    def _add_manifests(
        self,
        title: str,
        number: int,
        name: str,
        objects: tuple[Any, ...],
        owner: Owner,
        place: tuple[str, str],
    ) -> None:
        key = kept.key("manifests", self.salt, self.tree.blobs[name], asdict(owner), place)
        self.side.parts.append(Part(title, number, Job(key, owner, *place, objects=objects), name))

    def _chart_job(self, source: sources.ChartSource, owner: Owner, place: tuple[str, str]) -> Job:
        name = PurePosixPath(source.folder).name
        loaded = self._load(source.files)
        key = kept.key(
            "chart",
            self.salt,
            self.digests[name],
            source.release,
            asdict(owner),
            place,
            [self.tree.blobs[file] for file in source.files],
            source.inline,
        )
        values = charts.merged(*(loaded[file] or {} for file in source.files), source.inline)
        return Job(key, owner, *place, item=Item(name, source.release, place[1], values))

    def _owner(self, made: Application) -> tuple[Owner, str]:
        """Whose an Application is: that of the record that it takes its values from."""
        for source in made.content["spec"].get("sources") or []:
            for said in (source.get("helm") or {}).get("valueFiles") or []:
                name = str(said).partition("/")[2] if str(said).startswith("$") else str(said)
                folder, _, file = name.rpartition("/")
                if folder in self.entries and file != PROJECT:
                    environment = file.removesuffix(".yaml")
                    return owner(self.entries[folder], environment, self.side.platform), name
        return Owner(), made.file

    def _add_applications(self) -> None:
        """The Applications themselves are objects, too: of Argo CD's own cluster."""
        by_file: dict[str, list[Any]] = {}
        for made, _, file in self.side.applications:
            meta = {"namespace": HUB, **made.content["metadata"]}
            by_file.setdefault(file, []).append({**made.content, "metadata": meta})
        for file, objects in by_file.items():
            key = kept.key("applications", self.salt, objects)
            job = Job(key, Owner(), HUB_CLUSTER, HUB, objects=tuple(objects))
            self.side.parts.append(Part(f"Applications of {file}", 0, job, file))


def owner(entry: Entry, environment: str, platform: Platform) -> Owner:
    """Whose the objects of a project in an environment are."""
    tenant = entry.tenant
    team = platform.team(tenant.team)
    git = platform.git
    ours = f"https://{git.host}/{git.owner}/{git.repository}"
    state = platform.gitops.repo if platform.gitops.repo != "." else ours
    return Owner(
        team=tenant.team,
        project=tenant.project,
        environment=environment,
        namespace=tenant.namespaces.get(environment, ""),
        group=team.oidc_group if team else tenant.team,
        cost_center=tenant.cost_center,
        data_class=tenant.data_class,
        repositories=(ours, state, tenant.source.repository),
    )


def changed(before: Tree, now: Tree, path: str) -> tuple[frozenset[str], bool]:
    """Folders of tenants whose files differ, and whether anything else does."""
    names = {
        name
        for name in before.blobs.keys() | now.blobs.keys()
        if before.blobs.get(name) != now.blobs.get(name)
    }
    start = f"{path.strip('/')}/"
    folders = frozenset(
        "/".join(PurePosixPath(name).parts[:-1]) for name in names if name.startswith(start)
    )
    return folders, any(not name.startswith(start) for name in names)
