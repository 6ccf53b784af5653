"""Onboarding: the records of the projects that the clusters know."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gleis.contract import document, names, project
from gleis.contract.platform import Platform
from gleis.contract.problem import shown
from gleis.contract.project import DATA_CONTRACT, FILE, Project
from gleis.gitops import github, message, people, records, state
from gleis.gitops.errors import GitopsError, Refused
from gleis.gitops.git import (
    REMOTE_TIMEOUT,
    Repository,
    ask,
    checked_url,
    looks_like_url,
    said_by,
)
from gleis.gitops.location import Location
from gleis.gitops.promotion import Propose
from gleis.gitops.records import (
    PROJECT,
    Record,
    Share,
    Tenant,
    TenantServing,
    TenantSource,
    TenantTraining,
)
from gleis.gitops.state import Change, Landed, Snapshot
from gleis.tools import ToolFailed, ToolTimeout, write_atomic

ANSWERS = ".copier-answers.yml"
MAX_CLONE = 200_000_000  # bytes of history-less repository that onboarding by address will fetch
CORES_PER_REPLICA = 1
CORES_PER_NODE = 4
_READ = (FILE, DATA_CONTRACT, ANSWERS)


@dataclass(frozen=True)
class Difference:
    """A field in which the record and the contract differ; None where one does not have it."""

    field: str
    record: Any
    contract: Any


@contextlib.contextmanager
def checkout(
    place: str, *, max_bytes: int = MAX_CLONE, timeout: float = REMOTE_TIMEOUT
) -> Iterator[tuple[Path, str]]:
    """A folder with the contract of the project at `place` (a path or an address), and its address.

    From an address three files are read out of a shallow, bare copy; nothing of it is checked out
    or run. Raises GitopsError for a place that is neither, RemoteFailed.
    """
    if not looks_like_url(place):
        root = Path(place)
        if not root.is_dir():
            raise GitopsError(
                f"{place} is neither a folder nor the address of a repository (https, ssh, file)"
            )
        yield root.resolve(), _origin(root)
        return
    url = checked_url(place)
    with state.scratch() as folder:
        repository = Repository(folder / "project.git", url, max_bytes=max_bytes)
        contents = folder / "contract"
        contents.mkdir()
        _fetch(repository, max_bytes, timeout)
        for name in _READ:
            listed = repository.git("ls-tree", "FETCH_HEAD", "--", name).split()
            if listed and listed[0] in ("100644", "100755"):
                write_atomic(contents / name, state.read_blob(repository, listed[2], name))
        yield contents, url


def _fetch(repository: Repository, max_bytes: int, timeout: float) -> None:
    words = ["fetch", "--quiet", "--no-tags", "--depth=1", "--filter=blob:limit=1m", "origin"]
    try:
        repository.git(*words, "HEAD", timeout=timeout, limited=True)
    except ToolTimeout:
        raise state.unreachable(repository.url, f"not done after {timeout:.0f} s") from None
    except ToolFailed as error:
        said = error.completed.stderr
        if "File too large" in said or "write error" in said:
            raise GitopsError(
                f"{repository.url} is larger than {max_bytes // 1_000_000} MB without its history: "
                "keep data and models out of git, or clone it yourself and give the folder"
            ) from None
        raise state.unreachable(repository.url, said_by(error)) from None


def _origin(root: Path) -> str:
    """The address of a checkout's remote, without a user or a password; empty if it has none."""
    said = ask(root, "remote", "get-url", "origin") or ""
    if not said or not looks_like_url(said):
        return f"file://{Path(said).resolve()}" if said.startswith("/") else ""
    parts = urlsplit(said)
    if parts.scheme == "https" and parts.hostname:
        port = f":{parts.port}" if parts.port else ""
        said = f"https://{parts.hostname}{port}{parts.path}"
    return checked_url(said)


def describe(root: Path, platform: Platform, repository: str, quota: Share | None = None) -> Tenant:
    """The record that the contract in `root` asks for. Raises ContractError, GitopsError."""
    contract = project.load(root, platform)
    if not repository:
        raise GitopsError(
            f"{root} has no remote named origin, so nobody could find the project again: name its "
            "address with --repository https://…"
        )
    metadata, delivery = contract.metadata, contract.delivery
    serving, training = contract.serving, contract.training
    return Tenant(
        project=metadata.name,
        team=metadata.team,
        owner=metadata.owner,
        cost_center=metadata.cost_center,
        data_class=metadata.data_class,
        risk=metadata.risk,
        source=TenantSource(checked_url(repository), _template_version(root)),
        serving=TenantServing(
            serving.mode, delivery.target, delivery.cloud, serving.slo, serving.replicas
        ),
        quota=quota or share(contract),
        environments=delivery.environments,
        namespaces={
            name: names.namespace(metadata.team, metadata.name, name)
            for name in delivery.environments
        },
        schedule=training.schedule,
        training=TenantTraining(
            contract.model.framework,
            training.engine,
            training.nodes,
            training.gpus_per_node,
            training.gpu_type,
            training.max_hours,
        ),
    )


def share(contract: Project) -> Share:
    """What the contract needs at most at one time: every replica, and training beside them."""
    training, replicas = contract.training, contract.serving.replicas
    serving = replicas.max if replicas else int(contract.serving.mode != "none")
    cores = serving * CORES_PER_REPLICA + training.nodes * CORES_PER_NODE
    return Share(cores, training.nodes * training.gpus_per_node)


def _template_version(root: Path) -> str:
    if not (root / ANSWERS).is_file():
        return ""
    said = document.load(root / ANSWERS, root=root).get("_commit")
    text = str(said or "")
    return text if text and text.isprintable() and " " not in text else ""


def everyone(snapshot: Snapshot) -> list[Record]:
    """Every tenant, by team and project. Raises ContractError for a record that is broken."""
    found = []
    for name in sorted(snapshot.blobs):
        parts = PurePosixPath(name).relative_to(snapshot.path).parts
        if len(parts) != 3 or parts[2] != PROJECT:
            continue
        text = snapshot.read(name)
        assert text is not None
        tenant = records.read_tenant(text, name)
        found.append(Record(tenant, _releases(snapshot, str(PurePosixPath(name).parent))))
    return found


def _releases(snapshot: Snapshot, folder: str) -> dict[str, records.Release | None]:
    found = {}
    for environment in records.ENVIRONMENTS:
        name = f"{folder}/{environment}.yaml"
        text = snapshot.read(name)
        if text is not None:
            found[environment] = records.read_release(text, name)
    return found


def listed(location: Location) -> list[Record]:
    """Every tenant with what runs where."""
    with state.opened(location) as remote:
        return everyone(remote.fetch())


def objections(tenant: Tenant, others: list[Tenant], platform: Platform) -> list[str]:
    """Why `tenant` cannot be had beside `others` (itself not among them). Pure."""
    team = platform.team(tenant.team)
    if team is None:
        known = ", ".join(each.name for each in platform.teams)
        return [f"no team {shown(tenant.team)} in platform.yaml; there are: {known}"]
    reasons = []
    if tenant.cost_center != team.cost_center:
        reasons.append(
            f"cost centre {tenant.cost_center} is not that of {team.name} ({team.cost_center})"
        )
    for other in others:
        if other.project == tenant.project:
            reasons.append(
                f"{other.name} has that name already; image, registry and dashboards are named "
                "after the project alone: choose another name"
            )
        shared = set(other.namespaces.values()) & set(tenant.namespaces.values())
        if shared:
            reasons.append(f"the namespace {min(shared)} belongs to {other.name}")
    for what in ("cpu", "gpu"):
        taken = sum(getattr(other.quota, what) for other in others if other.team == tenant.team)
        wanted, limit = getattr(tenant.quota, what), getattr(team.quota, what)
        if taken + wanted > limit:
            reasons.append(
                f"team {team.name} may use {limit} {what.upper()}: its other projects have "
                f"{taken}, "
                f"and this one asks for {wanted}. Ask for less (--{what} {max(limit - taken, 0)}), "
                "or have the team's quota raised in platform.yaml"
            )
    return reasons


def differences(record: Tenant, contract: Tenant) -> list[Difference]:
    """Field by field, what the record says and what the contract says now. Pure."""
    return list(_differences("", records.plain(record), records.plain(contract)))


def _differences(prefix: str, ours: Any, theirs: Any) -> Iterator[Difference]:
    for key in dict.fromkeys([*ours, *theirs]):
        name = f"{prefix}{key}"
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(f"{name}.", one, other)
        elif one != other:
            yield Difference(name, one, other)


def current(location: Location, team: str, name: str) -> Tenant | None:
    """The record of a tenant, None where there is none."""
    with state.opened(location) as remote:
        snapshot = remote.fetch()
        path = f"{records.folder(snapshot.path, team, name)}/{PROJECT}"
        text = snapshot.read(path)
        return None if text is None else records.read_tenant(text, path)


def add(
    tenant: Tenant,
    platform: Platform,
    location: Location,
    *,
    root: Path,
    update: bool = False,
    keep_quota: bool = False,
    propose: Propose | None = None,
) -> Landed:
    """Write the records of `tenant`. Raises Refused: quota, names, or it is there already.

    `update` rewrites the record that is there; comments in it survive, and what runs stays. With
    `keep_quota` its share stays too, because the platform team may have set another one.
    """
    by = people.identity(root, platform)
    asked = tenant

    def edit(snapshot: Snapshot) -> Change | None:
        tenant = asked
        folder = records.folder(snapshot.path, tenant.team, tenant.project)
        name = f"{folder}/{PROJECT}"
        text = snapshot.read(name)
        if text is not None and not update:
            raise Refused(
                f"{tenant.name} is a tenant already. `gleis tenant diff` shows what changed; "
                "`gleis tenant add --update` takes it over"
            )
        if text is None and update:
            raise Refused(f"{tenant.name} is not a tenant yet: leave --update out")
        if text is not None and keep_quota:
            tenant = replace(tenant, quota=records.read_tenant(text, name).quota)
        others = [each.tenant for each in everyone(snapshot) if each.tenant.name != tenant.name]
        reasons = objections(tenant, others, platform)
        if text is not None:
            gone = set(_live(snapshot, folder)) - set(tenant.environments)
            reasons += [f"{each} is live, and the contract no longer has it" for each in gone]
        if reasons:
            lines = "\n".join(f"  {reason}" for reason in reasons)
            raise Refused(f"{tenant.name} was not onboarded:\n{lines}")
        files: dict[str, str | None] = {
            name: records.new_tenant(tenant, location.schema)
            if text is None
            else records.with_tenant(text, name, tenant)
        }
        for environment in tenant.environments:
            file = f"{folder}/{environment}.yaml"
            if file not in snapshot.blobs:
                files[file] = records.new_environment(environment, location.schema)
        files = {path: after for path, after in files.items() if snapshot.read(path) != after}
        if not files:
            return None
        verb = "Onboard" if text is None else "Update"
        said = message.onboarding(verb, tenant, str(by), [])
        branch = _branch("update" if update else "onboard", tenant, said)
        return Change(files, said, branch, one_file=False)

    return state.apply(location, edit, by, propose=propose or github.propose)


def remove(
    team: str,
    name: str,
    platform: Platform,
    location: Location,
    *,
    root: Path,
    force: bool = False,
    reason: str = "",
    propose: Propose | None = None,
) -> Landed:
    """Delete the records of a tenant. Raises Refused while something of it runs, unless `force`."""
    by = people.identity(root, platform)

    def edit(snapshot: Snapshot) -> Change:
        folder = records.folder(snapshot.path, team, name)
        text = snapshot.read(f"{folder}/{PROJECT}")
        if text is None:
            raise Refused(f"{team}/{name} is not a tenant; `gleis tenant list` shows who is")
        tenant = records.read_tenant(text, f"{folder}/{PROJECT}")
        live = _live(snapshot, folder)
        if live and not force:
            raise Refused(
                f"{tenant.name} still runs in {', '.join(live)}: removing it takes that out of "
                "service. --force does it all the same"
            )
        files = dict.fromkeys(each for each in snapshot.blobs if each.startswith(f"{folder}/"))
        notes = [f"Still-Live: {', '.join(live)}"] if live else []
        notes += [f"Reason: {reason}"] if reason else []
        said = message.onboarding("Remove", tenant, str(by), notes)
        return Change(files, said, _branch("remove", tenant, said), one_file=False)

    return state.apply(location, edit, by, propose=propose or github.propose)


def _live(snapshot: Snapshot, folder: str) -> list[str]:
    return [name for name, release in _releases(snapshot, folder).items() if release]


def _branch(verb: str, tenant: Tenant, said: str) -> str:
    import hashlib

    short = hashlib.sha256(said.encode()).hexdigest()[:8]
    return f"{verb}/{tenant.team}-{tenant.project}-{short}"


def with_quota(tenant: Tenant, cpu: int | None, gpu: int | None) -> Tenant:
    """`tenant` with another share than the one that its contract leads to."""
    quota = tenant.quota
    return replace(
        tenant,
        quota=Share(quota.cpu if cpu is None else cpu, quota.gpu if gpu is None else gpu),
    )
