"""One MLflow workspace per team: a job that Argo CD starts after each change of the teams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops.argo.addons import FOLDER
from gleis.gitops.argo.sources import enabled
from gleis.gitops.platform_values import LABELS, NAMESPACES
from gleis.gitops.yaml_text import text

SCRIPT = f"{FOLDER}/mlflow/workspaces.py"
FILE = f"{FOLDER}/mlflow/objects/workspaces.yaml"
_NAME = "workspaces"


def render(root: Path, platform: Platform) -> dict[str, str]:
    """File below the checkout => its text."""
    if "mlflow" not in enabled(platform):
        return {}
    script = (root / SCRIPT).read_text(encoding="utf-8")
    return {FILE: text([_config(platform, script), _job(platform)])}


def _metadata(**more: Any) -> dict[str, Any]:
    return {"name": _NAME, "namespace": NAMESPACES["tracking"], "labels": dict(LABELS), **more}


def _config(platform: Platform, script: str) -> dict[str, Any]:
    teams = {each.name: f"{each.owner}, {each.cost_center}" for each in platform.teams}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(),
        "data": {"workspaces.py": script, "workspaces.json": json.dumps(teams, indent=2)},
    }


def _job(platform: Platform) -> dict[str, Any]:
    image = platform.base_images["python"]
    source = f"{platform.registry.mirror}/" if platform.registry.mirror else ""
    hook = {
        "argocd.argoproj.io/hook": "Sync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }
    container = {
        "name": "workspaces",
        "image": f"{source}{image.image}@{image.digest}",
        "command": ["python", "/config/workspaces.py"],
        "env": [
            {"name": "MLFLOW_URL", "value": "http://mlflow:5000"},
            _secret("MLFLOW_USER", "username"),
            _secret("MLFLOW_PASSWORD", "password"),
            {
                "name": "WORKSPACES",
                "valueFrom": {"configMapKeyRef": {"name": _NAME, "key": "workspaces.json"}},
            },
        ],
        "volumeMounts": [{"name": "config", "mountPath": "/config", "readOnly": True}],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(annotations=hook),
        "spec": {
            "backoffLimit": 5,
            "activeDeadlineSeconds": 600,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 1000,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [{"name": "config", "configMap": {"name": _NAME}}],
                }
            },
        },
    }


def _secret(name: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": "mlflow-admin", "key": key}}}
