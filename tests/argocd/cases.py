"""The projects that charts are rendered for in the tests: one of each kind that there is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from gleis.contract import names

from .rig.programs import REPO

_PLATFORM = yaml.safe_load((REPO / "platform.yaml").read_text())
# As `gleis render` writes argocd/platform/values.yaml from platform.yaml, and a freeze.
PLATFORM: dict[str, Any] = {
    **{name: value for name, value in _PLATFORM.items() if name not in ("apiVersion", "kind")},
    "namespaces": {
        "argocd": "argocd",
        "dns": "kube-system",
        "ingress": "ingress",
        "monitoring": "monitoring",
        "queues": "kueue-system",
        "tracking": "mlflow",
    },
    "kubernetes": {
        **_PLATFORM.get("kubernetes", {}),
        "freeze": {"schedule": "0 16 * * 5", "duration": "62h"},
    },
}
RELEASE = {
    "modelVersion": "3",
    "modelSha256": "a" * 64,
    "image": "registry.example.com/ml/bearing-wear",
    "imageDigest": f"sha256:{'b' * 64}",
    "metrics": {"f1_macro": 0.91},
    "evidence": {"digest": f"sha256:{'c' * 64}", "stages": ["test", "train", "evaluate"]},
    "promotedBy": "gleis <ml-platform@example.com>",
    "sourceCommit": "d" * 40,
    "since": "2026-11-23T17:30:00.000Z",
}


@dataclass(frozen=True)
class Case:
    """Records of one tenant in one environment, as Argo CD hands them to a chart."""

    name: str
    environment: str
    tenant: dict[str, Any]
    release: dict[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        return {
            "apiVersion": "gleis/v1",
            "kind": "TenantEnvironment",
            "tenant": self.tenant,
            "environment": self.environment,
            "release": self.release,
            "platform": PLATFORM,
        }

    @property
    def namespace(self) -> str:
        found: str = self.tenant["namespaces"][self.environment]
        return found


def tenant(
    project: str = "bearing-wear", team: str = "drivetrain", **changes: Any
) -> dict[str, Any]:
    """A record; `changes` are merged over it, one level deep."""
    record: dict[str, Any] = {
        "project": project,
        "team": team,
        "owner": f"{team}-ml@example.com",
        "costCenter": "CC-4711",
        "dataClass": "internal",
        "risk": "limited",
        "source": {"repository": f"https://github.com/example-org/{project}.git"},
        "serving": {
            "mode": "online",
            "target": "kubernetes",
            "cloud": "aws",
            "slo": {"availability": 99.5, "latencyP99Ms": 200},
            "replicas": {"min": 2, "max": 10},
        },
        "quota": {"cpu": 14, "gpu": 0},
        "environments": ["dev", "staging", "prod"],
        "namespaces": {
            name: names.namespace(team, project, name) for name in ("dev", "staging", "prod")
        },
        "schedule": "0 3 * * 0",
        "training": {
            "framework": "sklearn",
            "engine": "single",
            "nodes": 1,
            "gpusPerNode": 0,
            "gpuType": "none",
            "maxHours": 2,
        },
    }
    for key, value in changes.items():
        record[key] = {**record[key], **value} if isinstance(value, dict) else value
    return record


_ONLINE = tenant()
_BATCH = tenant("weld-seams", "quality", serving={"mode": "batch"})
del _BATCH["serving"]["slo"], _BATCH["serving"]["replicas"]
_NONE = tenant("tool-wear", "drivetrain", serving={"mode": "none"})
del _NONE["serving"]["slo"], _NONE["serving"]["replicas"]
_GPU = tenant(
    "surface-defects",
    "vision",
    costCenter="CC-4720",
    dataClass="confidential",
    quota={"cpu": 40, "gpu": 8},
    training={
        "framework": "pytorch", "engine": "distributed", "nodes": 2, "gpusPerNode": 4,
        "gpuType": "a100", "maxHours": 12,
    },
)  # fmt: skip

CASES = (
    Case("online-dev", "dev", _ONLINE, RELEASE),
    Case("online-prod", "prod", _ONLINE, {**RELEASE, "approver": "drivetrain-lead@example.com"}),
    Case("batch", "staging", _BATCH, RELEASE),
    Case("none", "dev", _NONE, {}),
    Case("onprem", "prod", tenant("press-force", "quality", serving={"cloud": "onprem"}), RELEASE),
    Case("gpu", "prod", _GPU, RELEASE),
    Case("nothing-promoted", "prod", deepcopy(_ONLINE), {}),
)
# What a chart asks for beside the records.
OPTIONS: dict[str, dict[str, Any]] = {"model-training": {"run": {"id": "1"}}}


def case(name: str) -> Case:
    return next(each for each in CASES if each.name == name)


# What a chart has to be told beside the records, which know no single run.
OPTIONS: dict[str, dict[str, Any]] = {"model-training": {"run": {"id": "4711"}}}
