"""Tenant records as jobs of Jenkins Job Builder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from gleis.errors import GleisError

_WORD = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_CRON = re.compile(r"[0-9H*/,() -]+")


def tenant_jobs(tenants: Sequence[Mapping[str, str]]) -> str:
    """`jenkins/jobs/tenants.yaml`: one project of Jenkins Job Builder for each tenant record.

    A record has `team`, `project`, `repo` (its URL) and `schedule` (cron, may be empty). Raises
    GleisError when one holds what could say something else in YAML, XML or Groovy.
    """
    lines = [
        "# Rendered from the tenant records by `gleis render`: edit those. See templates.yaml",
    ]
    teams = sorted({_checked(each, "team", _WORD) for each in tenants})
    for team in teams:
        lines += [
            "- project:",
            f"    name: team-{team}",
            f"    team: {team}",
            "    jobs:",
            "      - 'gleis/{team}'",
        ]
    for each in sorted(tenants, key=lambda each: (each["team"], each["project"])):
        lines += [
            "- project:",
            f"    name: {_checked(each, 'team', _WORD)}-{_checked(each, 'project', _WORD)}",
            f"    team: {each['team']}",
            f"    model: {each['project']}",
            f"    repo: {json.dumps(_checked(each, 'repo', _URL))}",
        ]
        schedule = each.get("schedule", "")
        if schedule:
            lines.append(f"    schedule: {json.dumps(_checked(each, 'schedule', _CRON))}")
        lines += ["    jobs:", "      - 'gleis/{team}/{model}'"]
        if schedule:
            lines.append("      - 'gleis/{team}/{model}-retrain'")
    return "\n".join(lines) + "\n"


_URL = re.compile(r"(https://|ssh://git@|git@)[A-Za-z0-9][A-Za-z0-9._~:/@-]*")


def _checked(record: Mapping[str, str], key: str, pattern: re.Pattern[str]) -> str:
    value = record.get(key, "")
    if not pattern.fullmatch(value):
        raise GleisError(
            f"tenant {record.get('team', '?')}/{record.get('project', '?')}: {key} {value!r} "
            f"cannot become a Jenkins job: allowed is {pattern.pattern}"
        )
    return value
