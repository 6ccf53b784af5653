"""argocd/clusters.yaml: what the secrets of the clusters tell Argo CD, and the hub's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gleis.contract import document, schema, typed
from gleis.contract.platform import Platform
from gleis.contract.problem import ContractError, Problem, did_you_mean, shown
from gleis.gitops.argo.sources import HUB, NAMESPACE
from gleis.gitops.platform_values import LABELS
from gleis.gitops.yaml_text import text

FILE = "argocd/clusters.yaml"
HUB_FILE = "argocd/bootstrap/hub.yaml"


@dataclass(frozen=True)
class Registered:
    """A cluster as Argo CD knows it: `labels` choose what it gets, `annotations` are its facts."""

    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    server: str = ""


@dataclass(frozen=True)
class Clusters:
    clusters: tuple[Registered, ...] = field(default_factory=tuple)


def load(root: Path, platform: Platform) -> tuple[Registered, ...]:
    """The clusters of the checkout `root`. Raises ContractError with every problem."""
    loaded = document.load(root / FILE, root=root)
    problems = schema.check(loaded, "clusters") or _problems(loaded, platform)
    if problems:
        raise ContractError(problems)
    return typed.build(Clusters, loaded.data).clusters


def _problems(loaded: document.Document, platform: Platform) -> list[Problem]:
    known = {each.name: each for each in platform.clusters if each.kind == "kubernetes"}
    names = [each["name"] for each in loaded.data["clusters"]]
    found = []
    for index, each in enumerate(loaded.data["clusters"]):
        name, ring = each["name"], each["labels"]["gleis.dev/ring"]
        where = loaded.position("clusters", index, "name")
        if names.index(name) != index:
            found.append(Problem("clusters/unique", f"{shown(name)} is here twice", where, name))
        if name not in known and name != HUB:
            hint = did_you_mean(name, known)
            what = f"platform.yaml has no cluster {shown(name)}"
            found.append(Problem("clusters/unknown", what, where, name, hint=hint))
        wanted = "hub" if name == HUB else known[name].environment if name in known else ring
        if ring != wanted:
            what = f"the ring of {shown(name)} is {ring}"
            place = loaded.position("clusters", index, "labels", "gleis.dev/ring")
            found.append(Problem("clusters/ring", what, place, ring, wanted))
    for name in sorted({HUB, *known} - set(names)):
        what = f"the cluster {shown(name)} is missing, so Argo CD would bring nothing there"
        found.append(Problem("clusters/missing", what, loaded.position("clusters"), name))
    return found


def render(registered: tuple[Registered, ...]) -> dict[str, str]:
    """The hub's secret: the one cluster that Argo CD needs no credentials for."""
    (hub,) = [each for each in registered if each.name == HUB]
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": HUB,
            "namespace": NAMESPACE,
            "labels": {
                **LABELS,
                "argocd.argoproj.io/secret-type": "cluster",
                **hub.labels,
            },
            "annotations": hub.annotations,
        },
        "type": "Opaque",
        "stringData": {
            "name": HUB,
            "server": "https://kubernetes.default.svc",
            "config": '{"tlsClientConfig":{"insecure":false}}',
        },
    }
    return {HUB_FILE: text([secret], "# Rendered from argocd/clusters.yaml by `gleis render`.\n")}
