"""Pods of tenants: bounded, exactly named, and without power over their node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gleis.contract.problem import shown
from gleis.gitops.preview.rules.owner import Owner

GPU = "nvidia.com/gpu"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
# Parts of pods that change others, and are none by themselves.
_PATCHES = ("podTemplateOverrides", "podTemplateOverride", "runtimePatches")
Broken = Iterator[tuple[str, str]]


def pods(node: Any) -> Iterator[Any]:
    """Every pod's spec in an object, wherever its kind keeps it."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            if isinstance(each.get("containers"), list):
                yield each
            pending += [value for key, value in each.items() if key not in _PATCHES]
        elif isinstance(each, list):
            pending += each


def containers(pod: Any) -> Iterator[Any]:
    for key in ("initContainers", "containers"):
        yield from (each for each in pod.get(key) or [] if isinstance(each, dict))


def limits(item: Any, owner: Owner) -> Broken:
    """Without requests nothing is scheduled well; without a limit one pod takes a node down."""
    if not owner.is_tenant:
        return
    for pod in pods(item.get("spec")):
        for each in containers(pod):
            said = each.get("resources") or {}
            bound, asked = said.get("limits") or {}, said.get("requests") or {}
            lacking = [f"requests.{what}" for what in ("cpu", "memory") if what not in asked]
            lacking += [] if "memory" in bound else ["limits.memory"]
            if GPU in bound and GPU not in asked:  # a limit alone is its own request
                lacking = [each for each in lacking if each != f"requests.{GPU}"]
            if lacking:
                yield "limits", f"container {shown(each.get('name'))} lacks {', '.join(lacking)}"
            if GPU in asked and str(asked[GPU]) != str(bound.get(GPU)):
                yield "limits", f"container {shown(each.get('name'))} has GPU requests ≠ limits"


def images(item: Any, owner: Owner) -> Broken:
    """An image is named by its digest."""
    if not owner.is_tenant:
        return
    for pod in pods(item.get("spec")):
        for each in containers(pod):
            image = str(each.get("image", ""))
            name, _, digest = image.partition("@")
            if name.endswith(":latest"):
                yield "latest", f"container {shown(each.get('name'))} runs {shown(image)}"
            if not digest.startswith("sha256:"):
                yield "image-digest", f"container {shown(each.get('name'))} runs {shown(image)}"


def pod_security(item: Any, owner: Owner) -> Broken:
    """What Pod Security `restricted` would refuse at admission, said before it is pushed."""
    if not owner.is_tenant:
        return
    if item.get("kind") == "Namespace":
        said = (item.get("metadata") or {}).get("labels") or {}
        for key, value in RESTRICTED.items():
            if said.get(key) != value:
                yield "pod-security", f"the label {key} is {shown(said.get(key))}"
    for pod in pods(item.get("spec")):
        for what in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(what):
                yield "pod-security", f"a pod has {what}"
        for volume in pod.get("volumes") or []:
            if "hostPath" in volume:
                yield "pod-security", f"the volume {shown(volume.get('name'))} is a hostPath"
        whole = pod.get("securityContext") or {}
        for each in containers(pod):
            said = each.get("securityContext") or {}
            name = shown(each.get("name"))
            if said.get("privileged") or said.get("allowPrivilegeEscalation") is not False:
                yield "pod-security", f"container {name} may gain privileges"
            if not said.get("runAsNonRoot", whole.get("runAsNonRoot")):
                yield "pod-security", f"container {name} may run as root"
