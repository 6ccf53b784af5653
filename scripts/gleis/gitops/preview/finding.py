"""The rules of a preview: their names, what to do when one is broken, and how a finding is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gleis.findings.finding import Finding, Severity, fingerprint

PREFIX = "GITOPS/"


@dataclass(frozen=True)
class Rule:
    title: str
    remediation: str
    severity: Severity = Severity.HIGH


_RULES = {
    # Records
    "record": Rule("A record says something that it may not", "Correct the record at that place."),
    "folder": Rule(
        "A record lies in another's folder", "Name folder and record alike: <team>/<project>/."
    ),
    "file": Rule(
        "A file that no record is", "Remove it, or name it project.yaml or <environment>.yaml."
    ),
    "environment": Rule(
        "An environment that the project does not have, or that does not exist",
        "Use dev, staging and prod, and have one file for each of tenant.environments.",
    ),
    "environment-name": Rule(
        "A record of another environment than its file is named after",
        "Name file and environment alike.",
    ),
    "team": Rule("A team that platform.yaml does not know", "Add the team, or correct its name."),
    "cost-center": Rule("A cost centre of somebody else", "Take that of the team."),
    "unique-project": Rule(
        "Two projects of one name",
        "Rename one: image, registry and dashboards are named after the project alone.",
    ),
    "unique-namespace": Rule(
        "A namespace of two projects or two environments", "Give each a namespace of its own."
    ),
    "namespace": Rule(
        "A namespace that is not named as the project's is",
        "Let `gleis tenant add --update` write the record.",
    ),
    "team-quota": Rule(
        "Projects ask for more than their team may use",
        "Ask for less, or raise the team's quota in platform.yaml.",
    ),
    "capacity": Rule(
        "Quotas promise more than the clusters hold",
        "Lower the quotas, or add capacity to clusters in platform.yaml.",
    ),
    "cluster": Rule(
        "No cluster for an environment of a project",
        "Add a cluster of that cloud and environment to platform.yaml, or deliver elsewhere.",
    ),
    "gpu-type": Rule(
        "A GPU that no cluster of the project has",
        "Choose among gpuTypes of the clusters in platform.yaml.",
    ),
    "approver": Rule(
        "Something runs in prod that nobody approved",
        "Promote it with `gleis promote … --approver`, which writes who approved it.",
        Severity.CRITICAL,
    ),
    "image-digest": Rule(
        "An image without a digest", "Name the digest: what a tag points to changes.",
    ),
    "latest": Rule("An image called latest", "Name a digest: latest is another image tomorrow."),
    "unsigned": Rule(
        "An image that nobody signed",
        "Run the pipeline's stage sign; a promotion then records it.",
        Severity.CRITICAL,
    ),
    # Applications
    "applicationset": Rule(
        "An ApplicationSet that cannot be evaluated", "Correct its generators or its template."
    ),
    "application-project": Rule(
        "An Application in a project that there is not, or is another's",
        "Name the AppProject that the tenant's chart makes.",
        Severity.CRITICAL,
    ),
    "application-destination": Rule(
        "An Application that its project does not let go there",
        "Let destination.namespace be a namespace of the AppProject.",
        Severity.CRITICAL,
    ),
    "application-source": Rule(
        "An Application from a source that is not there or not allowed",
        "Name a folder of this repository, and a repository of the AppProject's sourceRepos.",
    ),
    # Charts
    "chart": Rule("A chart does not render", "Correct the chart, or what the record gives it."),
    "chart-value": Rule(
        "A value that the chart does not know or take", "See the chart's values.schema.json."
    ),
    # Objects
    "object": Rule(
        "Something that is no object", "Every document needs apiVersion, kind and metadata.name."
    ),
    "schema": Rule("An object that the API server would refuse", "Correct the field."),
    "removed-api": Rule(
        "An apiVersion that is no longer served, or no longer to be written",
        "Move to the apiVersion that replaced it.",
        Severity.CRITICAL,
    ),
    "unknown-api": Rule(
        "An apiVersion that the platform's components do not serve",
        "Use one that argocd/platform/compat.yaml names, or say there that another is served.",
    ),
    "unvalidated": Rule(
        "A kind that nobody has a schema of",
        "Run `gleis gitops fetch-schemas`, or name a folder in GLEIS_CRD_SCHEMAS.",
        Severity.INFO,
    ),
    "name": Rule(
        "A name that is too long or not allowed",
        "At most 63 lower-case letters, digits and hyphens: gleis.fit cuts and hashes.",
    ),
    "duplicate": Rule(
        "Two objects of one name in one cluster", "Only one of them would stay: rename one.",
        Severity.CRITICAL,
    ),
    "foreign-namespace": Rule(
        "An object in somebody else's namespace",
        "A tenant's chart writes into the tenant's namespace alone.",
        Severity.CRITICAL,
    ),
    "wildcard-destination": Rule(
        "A project that may go everywhere",
        "Name server and namespaces: `*` makes one tenant's mistake everybody's.",
        Severity.CRITICAL,
    ),
    "foreign-destination": Rule(
        "A project that may go to somebody else's namespace",
        "Name the tenant's own namespaces.",
        Severity.CRITICAL,
    ),
    "wildcard-source": Rule(
        "A project that may come from everywhere", "Name the repositories.", Severity.CRITICAL
    ),
    "foreign-source": Rule(
        "A project that may come from somebody else's repository",
        "Name the platform's, the state's and the project's own repository.",
        Severity.CRITICAL,
    ),
    "cluster-scope": Rule(
        "A tenant with objects of the whole cluster",
        "Keep clusterResourceWhitelist empty, and make nothing of the cluster but the namespace.",
        Severity.CRITICAL,
    ),
    "foreign-subject": Rule(
        "Rights for somebody outside of the team",
        "Bind to the team's group and to service accounts of the namespace.",
        Severity.CRITICAL,
    ),
    "admin-role": Rule(
        "A role that may do everything", "Name groups, kinds and verbs.", Severity.CRITICAL
    ),
    "foreign-traffic": Rule(
        "Traffic from somebody else's namespace",
        "Select the project's own namespace and the platform's by kubernetes.io/metadata.name.",
        Severity.CRITICAL,
    ),
    "pod-security": Rule(
        "A namespace or a pod that is not restricted",
        "Label the namespace restricted; no host access, no privileges.",
        Severity.CRITICAL,
    ),
    "limits": Rule(
        "A container without limits",
        "Set resources.requests (cpu, memory) and limits.memory; GPUs have limits = requests.",
    ),
    "queue": Rule(
        "A job without a queue, or with one that there is not",
        "Label jobs kueue.x-k8s.io/queue-name: default; the LocalQueue leads to the team's queue.",
    ),
    "flavor": Rule(
        "A queue with a flavour that there is not",
        "Render the queues anew (`gleis render`): flavours come from the clusters' gpuTypes.",
    ),
    "labels": Rule(
        "An object that does not say whose it is",
        "Use the library's gleis.metadata.",
        Severity.MEDIUM,
    ),
}  # fmt: skip
RULES: Mapping[str, Rule] = MappingProxyType(_RULES)


def finding(rule: str, message: str, file: str | None, line: int | None = None) -> Finding:
    """A finding of `rule` (a name of RULES, without the prefix)."""
    known = RULES[rule]
    return Finding(
        rule=PREFIX + rule,
        severity=known.severity,
        message=message,
        remediation=known.remediation,
        file=file,
        line=line,
        fingerprint=fingerprint(PREFIX + rule, file, message),
    )
