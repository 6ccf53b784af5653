"""What Argo CD would know of the clusters: facts that no file of the state has.

`argocd/clusters.yaml`, where it is there, says it for each cluster: `clusters: [{name, server,
labels, annotations}]`, as the secrets of Argo CD have it. Else it follows from platform.yaml, with
every label that some ApplicationSet selects by set to "true".
"""

from __future__ import annotations

import re
from pathlib import Path

from gleis.contract import document
from gleis.contract.platform import Platform
from gleis.gitops.errors import GitopsError
from gleis.gitops.preview.generators import ClusterFacts
from gleis.gitops.preview.tree import Tree

FILE = "argocd/clusters.yaml"
_SELECTED = re.compile(r"gleis\.dev/[a-z][a-z-]*")


def known(tree: Tree, platform: Platform) -> list[ClusterFacts]:
    """The clusters, in the order of the file. Raises GitopsError, ContractError."""
    text = tree.read([FILE]).get(FILE)
    if text is None:
        return _from_platform(tree, platform)
    said = document.parse(text, Path(FILE), name=FILE).get("clusters")
    if not isinstance(said, list):
        raise GitopsError(f"{FILE} needs a list under clusters")
    found = []
    for each in said:
        unknown = set(each) - {"name", "server", "labels", "annotations"}
        if unknown or not each.get("name"):
            raise GitopsError(f"{FILE}: a cluster has name, server, labels, annotations: {each}")
        found.append(
            ClusterFacts(
                each["name"],
                each.get("server", f"https://{each['name']}"),
                each.get("labels", {}),
                each.get("annotations", {}),
            )
        )
    return found


def _from_platform(tree: Tree, platform: Platform) -> list[ClusterFacts]:
    texts = tree.read(tree.below("argocd/applicationsets")).values()
    selected = {found for text in texts for found in _SELECTED.findall(text)}
    return [
        ClusterFacts(
            each.name,
            f"https://{each.name}.{platform.organisation.domain}",
            {
                **dict.fromkeys(sorted(selected), "true"),
                "gleis.dev/cloud": each.cloud,
                "gleis.dev/environment": each.environment,
                "gleis.dev/ring": each.environment,
            },
            {"gleis.dev/region": each.region},
        )
        for each in platform.clusters
        if each.kind == "kubernetes"
    ]
