"""What the renderer and the reader both call things: files, environments, expressions."""

from __future__ import annotations

from typing import Any

PIPELINE = ".github/workflows/ml-pipeline.yml"
SCHEDULE = ".github/workflows/ml-schedule.yml"
ENVIRONMENTS = ("dev", "staging", "prod")

# What each event of the graph is to GitHub, as an expression.
EVENTS = {
    "pull-request": "github.event_name == 'pull_request'",
    "main": "github.event_name == 'push'"
    " && github.ref == format('refs/heads/{0}', github.event.repository.default_branch)",
    "tag": "github.event_name == 'push' && github.ref_type == 'tag'",
    "schedule": "github.event_name == 'schedule'",
    "drift": "github.event_name == 'repository_dispatch' && github.event.action == 'drift'",
    "manual": "github.event_name == 'workflow_dispatch'",
}
# The action that brings a tool of the graph, and its inputs; @ is the version of ci/tools.yaml.
SETUPS: dict[str, tuple[str, dict[str, str]]] = {
    # The wrapper would put its own words around what terraform prints, which we read.
    "terraform": (
        "hashicorp/setup-terraform",
        {"terraform_version": "@", "terraform_wrapper": "false"},
    ),
}
FIRST = "fromJSON(inputs.environments)[0]"
WATCHED = "inputs.watched"
OK = """'["success", "skipped"]'"""
KNOWN = (f"contains(fromJSON({OK}), needs.", "contains(fromJSON(inputs.environments), ")


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
