"""A promotion: one commit that changes one environment file, after every gate has said yes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gleis import evidence
from gleis.contract.platform import Platform
from gleis.contract.project import Project
from gleis.gitops import gates, github, message, people, records, state
from gleis.gitops.errors import GitopsError, Refused
from gleis.gitops.gates import RUN
from gleis.gitops.location import Location
from gleis.gitops.records import PROJECT, Release, Tenant
from gleis.gitops.state import Change, Identity, Landed, Opened, Snapshot

Propose = Callable[[Opened, Change], str]


@dataclass(frozen=True)
class Request:
    """What is to be promoted from where to where.

    `required` are the stages that must stand behind it; `candidate` is what a run made (None: what
    the environment `source` runs); `event` and `run_url` are those of the CI run, if it is one.
    """

    root: Path
    project: Project
    platform: Platform
    source: str
    target: str
    required: tuple[str, ...]
    candidate: Release | None = None
    approver: str = ""
    event: str = "manual"
    run_url: str = ""


@dataclass(frozen=True)
class Promoted:
    """What runs in the environment now (or will, once the proposal is merged)."""

    tenant: str
    environment: str
    release: Release
    landed: Landed


def promote(request: Request, location: Location, *, propose: Propose | None = None) -> Promoted:
    """Commit the promotion. Raises Refused with every gate that says no; nothing is then changed.

    What runs there already is not promoted again: the result then has `landed.changed` False.
    """
    if request.source == RUN and request.candidate is None:
        raise GitopsError("a promotion from a run needs what the run made")
    by = people.identity(request.root, request.platform)
    edit = _Edit(request, location, by)
    landed = state.apply(location, edit, by, propose=propose or github.propose)
    assert edit.release is not None
    tenant = f"{request.project.metadata.team}/{request.project.metadata.name}"
    return Promoted(tenant, request.target, edit.release, landed)


class _Edit:
    """The change, worked out anew for every state that it is tried on."""

    def __init__(self, request: Request, location: Location, by: Identity) -> None:
        self.request, self.location, self.by = request, location, by
        self.release: Release | None = None
        self._since = evidence.timestamp(evidence.now())
        self._before: str | None = None
        self._from: Release | None = None

    def __call__(self, snapshot: Snapshot) -> Change | None:
        request = self.request
        metadata = request.project.metadata
        folder = records.folder(snapshot.path, metadata.team, metadata.name)
        tenant = read_tenant(snapshot, folder, self.location)
        name = f"{folder}/{request.target}.yaml"
        reasons = gates.same_project(tenant, metadata.name, metadata.team)
        reasons += gates.order(
            request.project.delivery.environments, request.source, request.target
        )
        text = snapshot.read(name)
        if not reasons and text is None:
            reasons = [
                f"{tenant.name} has no {request.target}.yaml in {self.location}: "
                "gleis tenant add PATH --update"
            ]
        if reasons:
            raise self._refused(reasons)
        assert text is not None
        candidate, reasons = self._candidate(snapshot, folder)
        if candidate is None or reasons:
            raise self._refused(reasons)
        live = records.read_release(text, name)
        if candidate.same_workload(live):
            self.release = live
            return None
        self._unchanged_since_we_looked(snapshot.blobs[name], live, tenant)
        reasons = self._gates(candidate, tenant)
        if reasons:
            raise self._refused(reasons)
        self.release = replace(
            candidate, approver=request.approver, promoted_by=str(self.by), since=self._since
        )
        risks = {tenant.risk, metadata.risk}
        text_of_commit = message.promotion(
            tenant,
            self.release,
            request.target,
            source=request.source,
            needed=gates.approval_needed(request.target, request.event, risks),
            run=request.run_url,
        )
        branch = branch_name("promote", tenant, request.target, self.release, snapshot.blobs[name])
        after = records.with_release(text, name, self.release)
        return Change({name: after}, text_of_commit, branch)

    def _candidate(self, snapshot: Snapshot, folder: str) -> tuple[Release | None, list[str]]:
        """What is promoted: what the run made, or what the environment before runs."""
        request = self.request
        if request.source == RUN:
            return request.candidate, []
        name = f"{folder}/{request.source}.yaml"
        text = snapshot.read(name)
        found = records.read_release(text, name) if text is not None else None
        if found is None:
            why = f"nothing runs in {request.source} yet: promote to {request.source} first"
            return None, [why]
        expected = self._from or request.candidate
        reasons = gates.same_release(expected, found, request.source) if expected else []
        self._from = self._from or found
        return found, reasons

    def _unchanged_since_we_looked(self, blob: str, live: Release | None, tenant: Tenant) -> None:
        """Two promotions of one project to one environment: the second must look again."""
        if self._before is None:
            self._before = blob
        elif self._before != blob:
            runs = f"v{live.model_version} (promoted by {live.promoted_by})" if live else "nothing"
            raise Refused(
                f"{self.request.target} of {tenant.name} was changed while this promotion was on "
                f"its way: it now runs {runs}. Nothing was overwritten; look at it, and run the "
                "command again if this one is still wanted"
            )

    def _gates(self, candidate: Release, tenant: Tenant) -> list[str]:
        request = self.request
        author = people.author(request.root, candidate.source_commit)
        risks = {tenant.risk, request.project.metadata.risk}
        return [
            *gates.evidence(candidate, request.required),
            *gates.metrics(candidate, request.project.model.metric),
            *gates.approval(request.target, request.event, risks, request.approver, author),
        ]

    def _refused(self, reasons: list[str]) -> Refused:
        metadata = self.request.project.metadata
        lines = "\n".join(f"  {reason}" for reason in reasons)
        return Refused(
            f"{metadata.team}/{metadata.name} was not promoted to {self.request.target}:\n{lines}"
        )


def read_tenant(snapshot: Snapshot, folder: str, location: Location) -> Tenant:
    """The tenant whose files lie in `folder`. Raises GitopsError where there is none."""
    name = f"{folder}/{PROJECT}"
    text = snapshot.read(name)
    if text is None:
        team, project = folder.split("/")[-2:]
        raise GitopsError(
            f"{team}/{project} is not a tenant: {location} has no {name}. Onboard it first: "
            "gleis tenant add PATH"
        )
    return records.read_tenant(text, name)


def branch_name(verb: str, tenant: Tenant, environment: str, release: object, base: str) -> str:
    """The branch of a proposal: the same for the same change of the same state."""
    said = repr((environment, _workload(release), base))
    short = hashlib.sha256(said.encode()).hexdigest()[:8]
    return f"{verb}/{tenant.team}-{tenant.project}-{environment}-{short}"


def _workload(release: object) -> object:
    if isinstance(release, Release):
        return (release.model_version, release.model_sha256, release.image, release.image_digest)
    return release
