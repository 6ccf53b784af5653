"""Tenant records as projects of Jenkins Job Builder (templates: `jenkins/jobs/templates.yaml`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from gleis.errors import GleisError

JOBS = "jenkins/jobs/tenants.yaml"

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_URL = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.:-]*(/[A-Za-z0-9_][A-Za-z0-9._~-]*){2,}")
_CRON = re.compile(r"[0-9H*/,() -]{9,80}")


def tenant_jobs(tenants: Sequence[Mapping[str, str]], github: str = "github.com") -> str:
    """`jenkins/jobs/tenants.yaml`: a folder per team; per tenant its pipeline and what retrains it.

    A record has `team`, `project`, `repo` (an HTTPS address) and `schedule` (cron; empty: never).
    `github` is the host that is GitHub or GitHub Enterprise. Raises GleisError for a value that
    could mean something else to YAML, XML or Groovy, and for a project that is there twice.
    """
    ordered = sorted(tenants, key=lambda each: (each.get("team", ""), each.get("project", "")))
    lines = ["# Made from the tenant records by `gleis tenant jobs`: edit those, not this file."]
    for team in dict.fromkeys(_checked(each, "team", _NAME) for each in ordered):
        lines += ["- project:", f"    name: team-{team}", f"    team: {team}"]
        lines += ["    jobs: [team]", "    views: [team-view]"]
    seen: set[tuple[str, str]] = set()
    for each in ordered:
        key = (each["team"], _checked(each, "project", _NAME))
        if key in seen:
            raise GleisError(f"tenant {'/'.join(key)} is there twice: one of them has to go")
        seen.add(key)
        lines += _tenant(each, github)
    return "\n".join(lines) + "\n"


def _tenant(record: Mapping[str, str], github: str) -> Iterator[str]:
    repo = _checked(record, "repo", _URL)
    yield "- project:"
    yield f"    name: model-{record['team']}-{record['project']}"
    yield f"    team: {record['team']}"
    yield f"    model: {record['project']}"
    yield f"    repo: {json.dumps(repo)}"
    jobs = ["model-git"]
    address = urlsplit(repo)
    if address.netloc == github:
        owner, name = address.path.strip("/").removesuffix(".git").rsplit("/", 1)
        api = "api.github.com" if github == "github.com" else f"{github}/api/v3"
        yield f"    owner: {json.dumps(owner)}"
        yield f"    name_of_repo: {json.dumps(name)}"
        yield f"    api: {json.dumps(f'https://{api}')}"
        jobs = ["model-github"]
    if record.get("schedule"):
        yield f"    schedule: {json.dumps(_checked(record, 'schedule', _CRON))}"
        jobs.append("retrain")
    yield f"    jobs: [{', '.join(jobs)}]"


def _checked(record: Mapping[str, str], key: str, pattern: re.Pattern[str]) -> str:
    value = record.get(key, "")
    if not pattern.fullmatch(value):
        raise GleisError(
            f"tenant {record.get('team', '?')}/{record.get('project', '?')}: {key} {value!r} "
            f"cannot become a Jenkins job. Allowed is {pattern.pattern}"
        )
    return value
