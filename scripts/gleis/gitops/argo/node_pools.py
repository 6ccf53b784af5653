"""Karpenter's pools: one for cores and one per type of GPU, never larger than the capacity.

API: karpenter.sh/v1, karpenter.k8s.aws/v1. Clusters with the label `gleis.dev/karpenter` have them.
"""

from __future__ import annotations

from typing import Any

from gleis.contract.platform import Cluster, Platform
from gleis.gitops.argo.addons import FOLDER
from gleis.gitops.argo.clusters import Registered
from gleis.gitops.argo.sources import enabled
from gleis.gitops.platform_values import LABELS
from gleis.gitops.queues import GPU, GPU_TYPE
from gleis.gitops.yaml_text import text

POOLS = f"{FOLDER}/karpenter/pools"
DISCOVERY, ROLE, NAME = "gleis.dev/discovery", "gleis.dev/node-role", "gleis.dev/cluster-name"
_CLASS = "default"


def render(platform: Platform, registered: tuple[Registered, ...]) -> dict[str, str]:
    """File below the checkout => its text."""
    if "karpenter" not in enabled(platform):
        return {}
    known = {each.name: each for each in platform.clusters}
    return {
        f"{POOLS}/{each.name}.yaml": text(objects(known[each.name], each.annotations))
        for each in registered
        if each.labels.get("gleis.dev/karpenter") == "true" and known[each.name].capacity
    }


def objects(cluster: Cluster, facts: dict[str, str]) -> list[dict[str, Any]]:
    """The pools of `cluster`, and what their nodes are made of."""
    assert cluster.capacity is not None
    pools = [
        _pool("cpu", {"cpu": cluster.capacity.cpu}, [_requirement("instance-gpu-count", None)])
    ]
    for gpu_type, count in cluster.capacity.gpu.items():
        made = _pool(gpu_type, {GPU: count}, [_requirement("instance-gpu-name", [gpu_type])])
        template = made["spec"]["template"]
        template["metadata"] = {"labels": {GPU_TYPE: gpu_type}}
        template["spec"]["taints"] = [{"key": GPU, "value": "present", "effect": "NoSchedule"}]
        # Whoever trains is not moved: a node goes when nothing is on it, and not before.
        made["spec"]["disruption"] = {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "10m"}
        pools.append(made)
    return [_node_class(facts), *pools]


def _pool(name: str, limits: dict[str, int], more: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name, "labels": dict(LABELS)},
        "spec": {
            "limits": limits,
            "disruption": {
                "consolidationPolicy": "WhenEmptyOrUnderutilized",
                "consolidateAfter": "5m",
                "budgets": [{"nodes": "10%"}],
            },
            "template": {
                "spec": {
                    "nodeClassRef": {
                        "group": "karpenter.k8s.aws",
                        "kind": "EC2NodeClass",
                        "name": _CLASS,
                    },
                    "requirements": [
                        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                        {
                            "key": "karpenter.sh/capacity-type",
                            "operator": "In",
                            "values": ["on-demand", "spot"],
                        },
                        *more,
                    ],
                    # A node is as new as its image: none gets older than two weeks.
                    "expireAfter": "336h",
                    "terminationGracePeriod": "24h",
                },
            },
        },
    }


def _requirement(label: str, values: list[str] | None) -> dict[str, Any]:
    key = f"karpenter.k8s.aws/{label}"
    if values is None:
        return {"key": key, "operator": "DoesNotExist"}
    return {"key": key, "operator": "In", "values": values}


def _node_class(facts: dict[str, str]) -> dict[str, Any]:
    tags = {"karpenter.sh/discovery": facts.get(DISCOVERY, facts[NAME])}
    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": _CLASS, "labels": dict(LABELS)},
        "spec": {
            "amiFamily": "AL2023",
            # Images that the platform team has tagged: a node's image changes when they say so.
            "amiSelectorTerms": [{"tags": {"gleis.dev/node-image": facts[NAME]}}],
            "role": facts.get(ROLE, f"{facts[NAME]}-nodes"),
            "subnetSelectorTerms": [{"tags": tags}],
            "securityGroupSelectorTerms": [{"tags": tags}],
            # With one hop a pod cannot reach the node's own identity.
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "volumeSize": "200Gi",
                        "volumeType": "gp3",
                        "encrypted": True,
                        "deleteOnTermination": True,
                    },
                }
            ],
        },
    }
