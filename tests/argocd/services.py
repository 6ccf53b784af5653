"""Projects that serve, as the chart model-service is rendered for them in the tests."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from . import rig
from .cases import PLATFORM, case

CHART = "model-service"
GATEWAY = {"domain": "ml.example.com", "ingress": {"gateway": "models", "namespace": "ingress"}}
INGRESS = {"domain": "ml.example.com", "ingress": {"className": "nginx", "namespace": "ingress"}}

# Name => the case that it starts from, and what is merged over its values.
SERVICES: dict[str, tuple[str, dict[str, Any]]] = {
    "online-dev": ("online-dev", {}),
    "online-prod": ("online-prod", {}),
    "rollout-gateway": ("online-prod", {"rollout": {"router": "gateway"}}),
    "ingress": ("online-dev", {"platform": {"kubernetes": INGRESS}}),
    "keda": ("online-prod", {"autoscaling": {"kind": "keda"}}),
    "kserve": ("online-prod", {"engine": "kserve"}),
    "one-replica": (
        "online-dev",
        {"tenant": {"serving": {"replicas": {"min": 1, "max": 1}}}},
    ),
    "batch": ("batch", {}),
    "batch-store": (
        "batch",
        {
            "batch": {
                "input": "s3://example-weld-seams-staging-data/rows.parquet",
                "output": "s3://example-weld-seams-staging-data/predictions/today.parquet",
            }
        },
    ),
    "batch-prod": (
        "online-prod",
        {"tenant": {"serving": {"mode": "batch"}}},
    ),
    "low-promise": ("online-prod", {"tenant": {"serving": {"slo": {"availability": 92}}}}),
    "alertmanager-config": ("online-prod", {"monitoring": {"alertmanagerConfig": True}}),
    "none": ("none", {}),
    "none-released": ("online-dev", {"tenant": {"serving": {"mode": "none"}}}),
    "swarm": ("online-dev", {"tenant": {"serving": {"target": "swarm"}}}),
    "nothing-promoted": ("nothing-promoted", {}),
}


def values(name: str) -> dict[str, Any]:
    """What Argo CD would hand to the chart."""
    start, changes = SERVICES[name]
    found: dict[str, Any] = deepcopy(case(start).values)
    found["platform"] = {**deepcopy(PLATFORM), "kubernetes": deepcopy(GATEWAY)}
    if "platform" in changes:
        found["platform"] |= deepcopy(changes["platform"])
    return _over(found, {key: it for key, it in changes.items() if key != "platform"})


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    for key, value in above.items():
        known = below.get(key)
        both = isinstance(value, dict) and isinstance(known, dict)
        below[key] = _over(known, value) if both else deepcopy(value)  # type: ignore[arg-type]
    return below


@cache
def _rendered(major: int, name: str) -> list[rig.Object]:
    return rig.render(major, CHART, values(name))


def rendered(name: str, major: int = 4) -> list[rig.Object]:
    """The objects of a project; the caller may change them."""
    return deepcopy(_rendered(major, name))


def one(objects: list[rig.Object], kind: str, name: str = "") -> rig.Object:
    """The one object of a kind (and name)."""
    (found,) = [
        each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"])
    ]
    return found


def kinds(objects: list[rig.Object]) -> list[str]:
    return sorted(each["kind"] for each in objects)


def rules(name: str) -> list[dict[str, Any]]:
    """The groups of the PrometheusRule of a project."""
    groups: list[dict[str, Any]] = one(rendered(name), "PrometheusRule")["spec"]["groups"]
    return groups


def pod(objects: list[rig.Object]) -> dict[str, Any]:
    """The spec of the pods, whatever makes them."""
    for each in objects:
        spec: dict[str, Any] = each.get("spec", {})
        if each["kind"] in ("Deployment", "Rollout"):
            return spec["template"]["spec"]  # type: ignore[no-any-return]
        if each["kind"] == "CronJob":
            return spec["jobTemplate"]["spec"]["template"]["spec"]  # type: ignore[no-any-return]
        if each["kind"] == "InferenceService":
            return spec["predictor"]  # type: ignore[no-any-return]
    raise AssertionError("nothing here makes pods")


def metric(objects: list[rig.Object], template: str) -> dict[str, Any]:
    """The one metric of an AnalysisTemplate."""
    (found,) = one(objects, "AnalysisTemplate", template)["spec"]["metrics"]
    return found  # type: ignore[no-any-return]
