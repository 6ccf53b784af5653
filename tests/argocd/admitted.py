"""Objects that every admission policy lets pass; a case changes one thing of one."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

Object = dict[str, Any]

NAMESPACE = {
    "gleis.dev/team": "vision",
    "gleis.dev/project": "paint-defects",
    "gleis.dev/cost-center": "CC-4720",
}
_LABELS = {**NAMESPACE, "gleis.dev/environment": "prod", "gleis.dev/data-class": "internal"}
_QUEUED = {**_LABELS, "kueue.x-k8s.io/queue-name": "default"}
_TEMPLATE = {
    "metadata": {"labels": _LABELS},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": f"registry.example.com/ml/paint-defects@sha256:{'1' * 64}",
                "resources": {
                    "requests": {"cpu": "500m", "memory": "1Gi"},
                    "limits": {"memory": "1Gi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    },
}
_BATCH = {**_TEMPLATE, "spec": {**_TEMPLATE["spec"], "restartPolicy": "Never"}}
_SELECTED = {
    "selector": {"matchLabels": {"gleis.dev/project": "paint-defects"}},
    "template": _TEMPLATE,
}
_RAY = {
    "headGroupSpec": {"rayStartParams": {}, "template": _TEMPLATE},
    "workerGroupSpecs": [
        {
            "groupName": "workers",
            "replicas": 1,
            "minReplicas": 1,
            "maxReplicas": 1,
            "rayStartParams": {},
            "template": _TEMPLATE,
        }
    ],
}
_NODE = {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"memory": "16Gi"}}
_REPLICATED = {"name": "node", "replicas": 1, "template": {"spec": {"template": _BATCH}}}
_JOB_TEMPLATE = {"metadata": {"labels": _QUEUED}, "spec": {"template": _BATCH}}

# By kind: API version, labels, spec, and where in the object a pod's spec is.
_KINDS: dict[str, tuple[str, dict[str, str], Object, str]] = {
    "Pod": ("v1", _LABELS, _TEMPLATE["spec"], "/spec"),
    "Deployment": ("apps/v1", _LABELS, _SELECTED, "/spec/template/spec"),
    "StatefulSet": (
        "apps/v1",
        _LABELS,
        {**_SELECTED, "serviceName": "paint-defects"},
        "/spec/template/spec",
    ),
    "DaemonSet": ("apps/v1", _LABELS, _SELECTED, "/spec/template/spec"),
    "ReplicaSet": ("apps/v1", _LABELS, _SELECTED, "/spec/template/spec"),
    "Rollout": ("argoproj.io/v1alpha1", _LABELS, _SELECTED, "/spec/template/spec"),
    "Job": ("batch/v1", _QUEUED, {"template": _BATCH}, "/spec/template/spec"),
    "CronJob": (
        "batch/v1",
        _LABELS,
        {"schedule": "0 3 * * 0", "jobTemplate": _JOB_TEMPLATE},
        "/spec/jobTemplate/spec/template/spec",
    ),
    "JobSet": (
        "jobset.x-k8s.io/v1alpha2",
        _QUEUED,
        {"replicatedJobs": [_REPLICATED]},
        "/spec/replicatedJobs/0/template/spec/template/spec",
    ),
    "RayCluster": ("ray.io/v1", _QUEUED, _RAY, "/spec/workerGroupSpecs/0/template/spec"),
    "RayJob": (
        "ray.io/v1",
        _QUEUED,
        {"entrypoint": "python -m paint_defects.train", "rayClusterSpec": _RAY},
        "/spec/rayClusterSpec/workerGroupSpecs/0/template/spec",
    ),
    "RayService": (
        "ray.io/v1",
        _LABELS,
        {"rayClusterConfig": _RAY},
        "/spec/rayClusterConfig/headGroupSpec/template/spec",
    ),
    "TrainJob": (
        "trainer.kubeflow.org/v1alpha1",
        _QUEUED,
        {"runtimeRef": {"name": "torch"}, "trainer": {"numNodes": 2, "resourcesPerNode": _NODE}},
        "",
    ),
    "LocalQueue": ("kueue.x-k8s.io/v1beta2", _LABELS, {"clusterQueue": "vision"}, ""),
}
KINDS = tuple(_KINDS)


def changed(kind: str, case: Object) -> Object:
    """The object of `kind` with what `case` sets and removes.

    Keys are JSON pointers; those that begin with `pod/` count from the pod's spec.
    """
    api, labels, spec, pod = _KINDS[kind]
    name = "default" if kind == "LocalQueue" else "paint-defects"
    metadata = {"name": name, "namespace": "vision-paint-defects-prod", "labels": labels}
    # Not deepcopy, which keeps what two places share: a change of one would change the other.
    made = json.loads(
        json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec})
    )
    for pointer in case.get("remove", []):
        _at(made, pointer, pod, remove=True)
    for pointer, value in case.get("set", {}).items():
        _at(made, pointer, pod, value=deepcopy(value))
    return made


def _at(made: Object, pointer: str, pod: str, *, value: Any = None, remove: bool = False) -> None:
    if pointer.startswith("pod/"):
        assert pod, f"{made['kind']} has no pod to change"
        pointer = pod + pointer.removeprefix("pod")
    *way, last = [each.replace("~1", "/") for each in pointer.split("/")[1:]]
    place: Any = made
    for each in way:
        if isinstance(place, list):
            place = place[int(each)]
        else:
            place = place[each] if remove else place.setdefault(each, {})
    if remove:
        del place[last]
    elif isinstance(place, list):
        place.append(value) if last == "-" else place.__setitem__(int(last), value)
    else:
        place[last] = value
