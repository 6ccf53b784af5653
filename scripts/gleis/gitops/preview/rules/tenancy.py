"""What keeps tenants apart: no object, right, source or packet reaches another's namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gleis.contract.problem import shown
from gleis.gitops.preview.rules.owner import HUB, Owner

# Kinds without a namespace that a chart could think of; of these a tenant has its namespace alone.
CLUSTER_KINDS = frozenset(
    {
        "APIService", "AdmissionCheck", "ClusterAnalysisTemplate", "ClusterExternalSecret",
        "ClusterIssuer", "ClusterPolicy", "ClusterQueue", "ClusterRole", "ClusterRoleBinding",
        "ClusterSecretStore", "ClusterServingRuntime", "ClusterTrainingRuntime", "Cohort",
        "CustomResourceDefinition", "DeviceClass", "EC2NodeClass", "GatewayClass", "IngressClass",
        "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration",
        "Namespace", "Node", "NodeClaim", "NodePool", "PersistentVolume", "PriorityClass",
        "ResourceFlavor", "RuntimeClass", "StorageClass", "Topology", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
        "WorkloadPriorityClass",
    }
)  # fmt: skip
_HUB_KINDS = ("AppProject",)  # what a tenant's chart may put beside Argo CD
_METADATA_NAME = "kubernetes.io/metadata.name"
_READS = {"get", "list", "watch"}
Broken = Iterator[tuple[str, str]]


def namespace(item: Any, owner: Owner) -> Broken:
    """A tenant writes into its own namespace; its AppProject alone lies with Argo CD."""
    if not owner.is_tenant or item.get("kind") in CLUSTER_KINDS:
        return
    there = (item.get("metadata") or {}).get("namespace", owner.namespace)
    at_home = there == owner.namespace or (there == HUB and item.get("kind") in _HUB_KINDS)
    if not at_home:
        said = f"it goes to {shown(there)}, and {owner.namespace} is the tenant's"
        yield "foreign-namespace", said


def cluster_scope(item: Any, owner: Owner) -> Broken:
    """Of the whole cluster, a tenant has its own Namespace."""
    kind = item.get("kind")
    if not owner.is_tenant or kind not in CLUSTER_KINDS:
        return
    name = (item.get("metadata") or {}).get("name")
    if kind == "Namespace":
        if name != owner.namespace:
            yield "foreign-namespace", f"it makes {shown(name)}, and {owner.namespace} is its own"
    else:
        yield "cluster-scope", f"{kind} is of the whole cluster"


def project(item: Any, owner: Owner) -> Broken:
    """An AppProject of a tenant names everything: sources, destinations, no cluster kinds."""
    if not owner.is_tenant or item.get("kind") != "AppProject":
        return
    spec = item.get("spec") or {}
    for each in spec.get("destinations") or []:
        yield from _destination(each, owner)
    allowed = {_address(each) for each in owner.repositories}
    for repository in spec.get("sourceRepos") or []:
        if "*" in str(repository):
            yield "wildcard-source", f"sourceRepos has {shown(repository)}"
        elif _address(str(repository)) not in allowed:
            yield "foreign-source", f"sourceRepos has {shown(repository)}"
    if spec.get("sourceNamespaces"):
        yield "foreign-source", "sourceNamespaces lets Applications come from other namespaces"
    for each in spec.get("clusterResourceWhitelist") or []:
        yield "cluster-scope", f"clusterResourceWhitelist has {shown(_kind(each))}"
    for each in spec.get("namespaceResourceWhitelist") or []:
        if "*" in (each.get("kind"), each.get("group")):
            yield "cluster-scope", f"namespaceResourceWhitelist has {shown(_kind(each))}"
    for role in spec.get("roles") or []:
        for group in role.get("groups") or []:
            if group != owner.group:
                yield "foreign-subject", f"the role {role.get('name')} is given to {shown(group)}"


def _destination(each: Any, owner: Owner) -> Broken:
    namespace = str(each.get("namespace", ""))
    where = [str(each[key]) for key in ("server", "name") if each.get(key)]
    if not where or "*" in where:
        yield "wildcard-destination", "a destination names every cluster"
    if "*" in namespace or not namespace:
        yield "wildcard-destination", f"a destination has the namespace {shown(namespace)}"
    elif namespace != owner.namespace:
        yield "foreign-destination", f"a destination has the namespace {shown(namespace)}"


def _kind(each: Any) -> str:
    return f"{each.get('group')}/{each.get('kind')}"


def _address(url: str) -> str:
    return url.strip().rstrip("/").removesuffix(".git").lower()


def subjects(item: Any, owner: Owner) -> Broken:
    """Rights in a tenant's namespace are the team's and of its own service accounts."""
    if not owner.is_tenant or item.get("kind") not in ("RoleBinding", "ClusterRoleBinding"):
        return
    for each in item.get("subjects") or []:
        kind, name = each.get("kind"), each.get("name")
        if kind == "ServiceAccount":
            home = each.get("namespace", owner.namespace)
            fits = home == owner.namespace or home in owner.platform_namespaces
            name = f"{home}/{name}"
        else:
            fits = kind == "Group" and name == owner.group
        if not fits:
            yield "foreign-subject", f"it binds {kind} {shown(name)}"
    if (item.get("roleRef") or {}).get("name") in ("cluster-admin", "admin"):
        yield "admin-role", f"it binds the role {shown(item['roleRef']['name'])}"


def roles(item: Any, owner: Owner) -> Broken:
    """No `*` among a tenant's verbs and kinds, and no right to hand on rights."""
    if not owner.is_tenant or item.get("kind") not in ("Role", "ClusterRole"):
        return
    for rule in item.get("rules") or []:
        groups, verbs = rule.get("apiGroups") or [], set(rule.get("verbs") or [])
        for what in ("verbs", "apiGroups"):
            if "*" in (rule.get(what) or []):
                yield "admin-role", f"a rule has * among its {what}"
        # To see everything of a group that somebody named is no power, unless secrets are in it.
        if "*" in (rule.get("resources") or []) and ("" in groups or not verbs <= _READS):
            may = ", ".join(sorted(verbs))
            yield "admin-role", f"a rule has * among its resources, and may {may}"
        handed = {"bind", "escalate", "impersonate"} & verbs
        if handed:
            yield "admin-role", f"a rule has the verb {min(handed)}"


def traffic(item: Any, owner: Owner) -> Broken:
    """What a NetworkPolicy lets in comes from the namespace itself or from the platform's."""
    if not owner.is_tenant or item.get("kind") != "NetworkPolicy":
        return
    for rule in (item.get("spec") or {}).get("ingress") or []:
        peers = (rule or {}).get("from")
        if not peers:
            yield "foreign-traffic", "a rule of ingress lets everybody in: it has no from"
        for peer in peers or []:
            yield from _peer(peer, owner)


def _peer(peer: Any, owner: Owner) -> Broken:
    if "ipBlock" in peer:
        cidr = str((peer["ipBlock"] or {}).get("cidr"))
        if cidr in ("0.0.0.0/0", "::/0"):
            yield "foreign-traffic", f"a rule of ingress lets {cidr} in"
        return
    if "namespaceSelector" not in peer:
        return  # pods of the same namespace
    selector = peer["namespaceSelector"] or {}
    names = [(selector.get("matchLabels") or {}).get(_METADATA_NAME)]
    for each in selector.get("matchExpressions") or []:
        if each.get("key") == _METADATA_NAME and each.get("operator") == "In":
            names += each.get("values") or []
    names = [each for each in names if each]
    if not names:
        yield "foreign-traffic", f"a rule of ingress selects namespaces by {shown(selector)}"
    for each in names:
        if each != owner.namespace and each not in owner.platform_namespaces:
            yield "foreign-traffic", f"a rule of ingress lets the namespace {shown(each)} in"
