"""A rollback: the former content of one environment file, brought back by one commit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gleis.contract.platform import Platform
from gleis.gitops import github, message, people, records, state
from gleis.gitops.errors import GitopsError, Refused
from gleis.gitops.location import Location
from gleis.gitops.promotion import Propose, branch_name, read_tenant
from gleis.gitops.records import Release
from gleis.gitops.state import Change, Identity, Landed, Snapshot, read_blob


@dataclass(frozen=True)
class Request:
    """`force` takes an environment out of service where nothing ran before the live release."""

    root: Path
    platform: Platform
    team: str
    project: str
    environment: str
    reason: str
    force: bool = False
    run_url: str = ""


@dataclass(frozen=True)
class RolledBack:
    """What was taken back (`live`) and what runs again (`former`, None for nothing)."""

    tenant: str
    environment: str
    live: Release
    former: Release | None
    landed: Landed


def roll_back(
    request: Request, location: Location, *, propose: Propose | None = None
) -> RolledBack:
    """Revert the promotion that is live. Raises Refused where nothing is, or nothing was before."""
    if not message.one_line(request.reason):
        raise GitopsError("a rollback needs a reason that others will understand: --reason TEXT")
    by = people.identity(request.root, request.platform)
    edit = _Edit(request, location, by)
    landed = state.apply(location, edit, by, history=True, propose=propose or github.propose)
    assert edit.live is not None
    tenant = f"{request.team}/{request.project}"
    return RolledBack(tenant, request.environment, edit.live, edit.former, landed)


@dataclass(frozen=True)
class _Step:
    """A content that the environment file has had, and the commit that brought it."""

    commit: str
    blob: str


class _Edit:
    def __init__(self, request: Request, location: Location, by: Identity) -> None:
        self.request, self.location, self.by = request, location, by
        self.live: Release | None = None
        self.former: Release | None = None
        self._before = ""

    def __call__(self, snapshot: Snapshot) -> Change:
        request = self.request
        folder = records.folder(snapshot.path, request.team, request.project)
        tenant = read_tenant(snapshot, folder, self.location)
        name = f"{folder}/{request.environment}.yaml"
        text = snapshot.read(name)
        live = records.read_release(text, name) if text is not None else None
        if live is None:
            raise Refused(f"nothing runs in {request.environment} of {tenant.name}")
        blob = snapshot.blobs[name]
        if self._before and self._before != blob:
            raise Refused(
                f"{request.environment} of {tenant.name} was changed while this rollback was on "
                f"its way: it now runs v{live.model_version}. Nothing was overwritten; look at it, "
                "and run the command again if it is still wanted"
            )
        self._before, self.live = blob, live
        steps = _standing(snapshot, name)
        before = next((step for step in reversed(steps[:-1]) if step.blob != blob), None)
        if before is None:
            raise Refused(
                f"the history of {name} has nothing before v{live.model_version}, so there is "
                "nothing to go back to"
            )
        former_text = read_blob(snapshot.repository, before.blob, name)
        self.former = records.read_release(former_text, name)
        if self.former is None and not request.force:
            raise Refused(
                f"nothing ran in {request.environment} of {tenant.name} before "
                f"v{live.model_version}: going back takes it out of service. --force does that"
            )
        text_of_commit = message.rollback(
            tenant,
            request.environment,
            live,
            self.former,
            reverts=steps[-1].commit,
            reason=request.reason,
            by=str(self.by),
            run=request.run_url,
        )
        branch = branch_name("rollback", tenant, request.environment, live, blob)
        return Change({name: former_text}, text_of_commit, branch)


def _standing(snapshot: Snapshot, name: str) -> list[_Step]:
    """The contents that have led to the present one, oldest first, without what was taken back.

    A commit that brings back the content before the last one takes the last one back. It is told
    by content and not by message, because a host may rewrite messages when it merges.
    """
    assert snapshot.commit is not None
    said = snapshot.repository.git(
        "log",
        "--first-parent",
        "--reverse",
        "--no-renames",
        "-m",
        "--format=commit %H",
        "--raw",
        "--no-abbrev",
        snapshot.commit,
        "--",
        name,
    )
    steps: list[_Step] = []
    commit = ""
    for line in said.splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith(":"):
            blob = line.split()[3]
            if set(blob) == {"0"}:  # the tenant was removed: what came before is another story
                steps.clear()
            elif len(steps) > 1 and steps[-2].blob == blob:
                steps.pop()
            else:
                steps.append(_Step(commit, blob))
    return steps
