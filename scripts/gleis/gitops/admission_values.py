"""What the admission policies are told of the organisation: the ConfigMap of their params."""

from __future__ import annotations

from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops.platform_values import LABELS, NAMESPACES, needed
from gleis.gitops.yaml_text import text

FILE = "argocd/platform/policies/parameters.yaml"
NAME = "gleis-admission"


def render(platform: Platform) -> dict[str, str]:
    """File below the checkout => its text."""
    made: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": NAME,
            "namespace": NAMESPACES["queues"],
            "labels": dict(LABELS),
        },
        "data": registries(platform),
    }
    return {FILE: text([made])}


def registries(platform: Platform) -> dict[str, str]:
    """Where images may come from; the keys only number them, because CEL cannot split a text."""
    registry = platform.registry
    own = [f"{registry.host}/{registry.namespace}", registry.mirror, *needed(platform).registries]
    return {f"registry-{number}": each for number, each in enumerate(filter(None, own), 1)}
