"""ValidatingAdmissionPolicies evaluated as an API server would, with cel-python and no cluster.

What stands in for the server: matching by group, version, resource, operation and namespace label;
match conditions; variables in their order; validations with their message. Only functions of CEL's
own are used by our policies, none of Kubernetes' extensions, so nothing is imitated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import celpy
import yaml
from celpy import celtypes

FOLDER = Path(__file__).parents[2] / "argocd" / "platform" / "policies"
Object = dict[str, Any]

RESOURCES = {
    "CronJob": "cronjobs",
    "DaemonSet": "daemonsets",
    "Deployment": "deployments",
    "Job": "jobs",
    "JobSet": "jobsets",
    "LocalQueue": "localqueues",
    "Pod": "pods",
    "RayCluster": "rayclusters",
    "RayJob": "rayjobs",
    "RayService": "rayservices",
    "ReplicaSet": "replicasets",
    "Rollout": "rollouts",
    "StatefulSet": "statefulsets",
    "TrainJob": "trainjobs",
}


@dataclass(frozen=True)
class Policy:
    """A policy and the binding that puts it in force."""

    policy: Object
    binding: Object

    @property
    def name(self) -> str:
        return str(self.policy["metadata"]["name"])

    @property
    def spec(self) -> Object:
        return dict(self.policy["spec"])


@dataclass(frozen=True)
class Request:
    """Who asks for `object`, in a namespace with `labels`; `params` are the ConfigMap's data."""

    object: Object
    labels: dict[str, str]
    groups: tuple[str, ...]
    params: dict[str, str]
    operation: str = "CREATE"


def policies() -> dict[str, Policy]:
    """Every policy of argocd/platform/policies with its binding, by file."""
    found = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        documents = list(yaml.safe_load_all(file.read_text()))
        by_kind = {each["kind"]: each for each in documents}
        if "ValidatingAdmissionPolicy" in by_kind:
            found[file.stem] = Policy(
                by_kind["ValidatingAdmissionPolicy"], by_kind["ValidatingAdmissionPolicyBinding"]
            )
    return found


def denied(policy: Policy, request: Request) -> list[str]:
    """The messages that `policy` refuses `request` with; none when it lets it pass."""
    if not _matches(policy, request):
        return []
    known = _activation(request)
    for condition in policy.spec.get("matchConditions", []):
        said = _evaluate(condition["expression"], known)
        if isinstance(said, celpy.CELEvalError):
            return [f"error in {condition['name']}: {said}"]
        if not said:
            return []
    variables = celtypes.MapType()
    known["variables"] = variables
    for variable in policy.spec.get("variables", []):
        value = _evaluate(variable["expression"], known)
        # Evaluated when used, on a server: an error matters to who uses it, and to nobody else.
        if not isinstance(value, celpy.CELEvalError):
            variables[celtypes.StringType(variable["name"])] = value
    found = []
    for validation in policy.spec["validations"]:
        said = _evaluate(validation["expression"], known)
        if isinstance(said, celpy.CELEvalError):
            found.append(f"error in {validation['expression']}: {said}")
        elif not said:
            found.append(str(_evaluate(validation["messageExpression"], known)))
    return found


def _matches(policy: Policy, request: Request) -> bool:
    group, _, version = request.object["apiVersion"].rpartition("/")
    resource = RESOURCES[request.object["kind"]]
    constraints = policy.spec["matchConstraints"]["resourceRules"]
    selector = policy.binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    return all(each["key"] in request.labels for each in selector) and any(
        group in rule["apiGroups"]
        and version in rule["apiVersions"]
        and resource in rule["resources"]
        and request.operation in rule["operations"]
        for rule in constraints
    )


def _activation(request: Request) -> dict[str, Any]:
    plain = {
        "object": request.object,
        "request": {"userInfo": {"groups": list(request.groups)}, "operation": request.operation},
        "namespaceObject": {"metadata": {"labels": request.labels}},
        "params": {"data": request.params},
    }
    return {name: celpy.json_to_cel(value) for name, value in plain.items()}


@cache
def _program(expression: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(expression))


def _evaluate(expression: str, known: dict[str, Any]) -> Any:
    try:
        return _program(expression).evaluate(known)
    except celpy.CELEvalError as error:
        return error
