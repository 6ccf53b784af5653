"""Tenants that nobody has, as many as wanted: for the tests and for benchmarks/gitops.py."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from gleis.contract import names
from gleis.contract import platform as contract_platform
from gleis.gitops import compat, platform_values, queues

REPO = Path(__file__).resolve().parents[3]
SMALL = Path(__file__).parent / "platform"
TEAMS = ("drivetrain", "vision", "quality")
ENVIRONMENTS = ("dev", "staging", "prod")
_COST_CENTERS = {"drivetrain": "CC-4711", "vision": "CC-4720", "quality": "CC-4733"}


def write(root: Path, count: int, *, teams: Sequence[str] = TEAMS) -> list[Path]:
    """`count` tenants below `root`/argocd/tenants, all promoted everywhere; their folders."""
    return [_write(root / "argocd" / "tenants", number, teams) for number in range(count)]


def platform(root: Path, *, argocd: Path = SMALL / "argocd", tenants: int = 3) -> Path:
    """The platform's files in `root`, with quotas that `tenants` fit in; its platform.yaml."""
    shutil.copytree(argocd, root / "argocd", ignore=shutil.ignore_patterns("tenants"))
    (root / "argocd" / "tenants").mkdir(exist_ok=True)
    shutil.copy(REPO / compat.FILE, root / compat.FILE)
    said = yaml.safe_load((REPO / "platform.yaml").read_text())
    for team in said["teams"]:
        team["quota"] = {"cpu": 16 * tenants, "gpu": 2 * tenants}
    for cluster in said["clusters"]:
        types = cluster.get("gpuTypes") or []
        cluster["capacity"] = {"cpu": 1000 * tenants}
        if types:
            cluster["capacity"]["gpu"] = dict.fromkeys(types, 100 * tenants)
    path = root / "platform.yaml"
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    loaded = contract_platform.load(path)
    rendered = queues.render(loaded)
    if argocd != SMALL / "argocd":
        rendered |= platform_values.render(loaded)
    for name, text in rendered.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return path


def _write(tenants: Path, number: int, teams: Sequence[str]) -> Path:
    team, project = teams[number % len(teams)], f"model-{number:05}"
    folder = tenants / team / project
    folder.mkdir(parents=True)
    (folder / "project.yaml").write_text(_dump(_tenant(team, project)))
    for environment in ENVIRONMENTS:
        (folder / f"{environment}.yaml").write_text(_dump(_release(project, environment)))
    return folder


def _tenant(team: str, project: str) -> dict[str, Any]:
    return {
        "apiVersion": "gleis/v1",
        "kind": "Tenant",
        "tenant": {
            "project": project,
            "team": team,
            "owner": f"{team}-ml@example.com",
            "costCenter": _COST_CENTERS[team],
            "dataClass": "internal",
            "risk": "limited",
            "source": {"repository": f"https://github.com/example-org/{project}.git"},
            "serving": {
                "mode": "online",
                "target": "kubernetes",
                "cloud": "aws",
                "slo": {"availability": 99.5, "latencyP99Ms": 200},
                "replicas": {"min": 2, "max": 4},
            },
            "training": {
                "framework": "sklearn",
                "engine": "single",
                "nodes": 1,
                "gpusPerNode": 0,
                "gpuType": "none",
                "maxHours": 2,
            },
            "schedule": "0 3 * * 0",
            "quota": {"cpu": 8, "gpu": 0},
            "environments": list(ENVIRONMENTS),
            "namespaces": {each: names.namespace(team, project, each) for each in ENVIRONMENTS},
        },
    }


def _release(project: str, environment: str) -> dict[str, Any]:
    digest = hashlib.sha256(project.encode()).hexdigest()
    return {
        "apiVersion": "gleis/v1",
        "kind": "TenantEnvironment",
        "environment": environment,
        "release": {
            "modelVersion": "3",
            "modelSha256": digest,
            "image": f"registry.example.com/ml/{project}",
            "imageDigest": f"sha256:{digest}",
            "metrics": {"f1_macro": 0.93},
            "evidence": {"digest": f"sha256:{digest}", "stages": ["train", "evaluate", "sign"]},
            **({"approver": "quality-ml@example.com"} if environment == "prod" else {}),
            "promotedBy": "ci@example.com",
            "sourceCommit": digest[:40],
            "since": "2026-11-23T17:30:00.000Z",
        },
    }


def _dump(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False)
