"""Commit messages that read as an audit trail."""

from __future__ import annotations

from gleis.gitops.records import Release, Tenant

SUBJECT = 72  # characters


def promotion(
    tenant: Tenant, release: Release, environment: str, *, source: str, needed: bool, run: str
) -> str:
    """`source` is where the release comes from: `run`, or an environment; `run` a CI page."""
    stages = len(release.evidence.stages)
    lines = [
        *_workload(tenant, release, environment),
        f"Metrics: {_metrics(release)}",
        f"Evidence: {release.evidence.digest} ({stages} stages passed)",
        f"Source-Commit: {release.source_commit}",
        f"Promoted-From: {source}",
        f"Approver: {release.approver or ('missing' if needed else 'none needed')}",
        f"Promoted-By: {release.promoted_by}",
    ]
    if run:
        lines.append(f"CI-Run: {one_line(run)}")
    what = f"v{release.model_version} to {environment}"
    return _message(_subject("Promote", tenant, what), lines)


def rollback(
    tenant: Tenant,
    environment: str,
    live: Release,
    former: Release | None,
    *,
    reverts: str,
    reason: str,
    by: str,
    run: str,
) -> str:
    """`reverts` is the commit whose promotion is taken back."""
    back = f"v{former.model_version}" if former else "nothing"
    lines = [
        f"This reverts commit {reverts}.",
        "",
        f"Reason: {one_line(reason)}",
        f"Taken-Back: v{live.model_version} {live.image}@{live.image_digest}",
    ]
    if former:
        lines += [*_workload(tenant, former, environment), f"Evidence: {former.evidence.digest}"]
    else:
        lines += [f"Tenant: {tenant.name}", f"Environment: {environment}"]
    lines.append(f"Rolled-Back-By: {by}")
    if run:
        lines.append(f"CI-Run: {one_line(run)}")
    what = f"v{live.model_version} to {back} in {environment}"
    return _message(_subject("Roll back", tenant, what), lines)


def onboarding(verb: str, tenant: Tenant, by: str, notes: list[str]) -> str:
    """Adding, updating or removing a tenant."""
    lines = [
        f"Tenant: {tenant.name}",
        f"Source: {tenant.source.repository}",
        f"Cost-Center: {tenant.cost_center}",
        f"Quota: {tenant.quota.cpu} CPU, {tenant.quota.gpu} GPU",
        *[one_line(note) for note in notes],
        f"By: {by}",
    ]
    return _message(_subject(verb, tenant, "").rstrip(), lines)


def one_line(text: str, limit: int = 500) -> str:
    """`text` as it may stand in a message: no line of it can pose as another entry."""
    clean = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(clean.split())[:limit]


def _workload(tenant: Tenant, release: Release, environment: str) -> list[str]:
    return [
        f"Tenant: {tenant.name}",
        f"Environment: {environment}",
        f"Image: {release.image}@{release.image_digest}",
        f"Model: version {release.model_version}, sha256:{release.model_sha256}",
    ]


def _metrics(release: Release) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in release.metrics.items())


def _subject(verb: str, tenant: Tenant, what: str) -> str:
    """The longest of three ways to name the tenant that fits; the body has the whole name."""
    for name in (tenant.name, tenant.project):
        subject = f"{verb} {name} {what}"
        if len(subject.rstrip()) <= SUBJECT:
            return subject
    room = SUBJECT - len(verb) - len(what) - 3
    return f"{verb} {tenant.project[:room]}… {what}"


def _message(subject: str, lines: list[str]) -> str:
    return "\n".join([subject, "", *lines]) + "\n"
