"""What a project gets before anything of it runs, and what it can never get."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import yaml

from gleis.contract import names

from . import rig
from .cases import CASES, PLATFORM, Case, case, tenant

Valid = Callable[[Iterable[Any]], None]


@cache
def _rendered(major: int, name: str) -> list[rig.Object]:
    found = case(name)
    return rig.render(major, "tenant", found.values, release=found.namespace)


def rendered(name: str, major: int = 4) -> list[rig.Object]:
    return deepcopy(_rendered(major, name))


def made(values: dict[str, Any], **options: Any) -> list[rig.Object]:
    return rig.render(4, "tenant", {**values, **options})


def only(objects: list[rig.Object], kind: str) -> list[rig.Object]:
    return [each for each in objects if each["kind"] == kind]


def one(objects: list[rig.Object], kind: str, name: str = "") -> rig.Object:
    (found,) = [each for each in only(objects, kind) if name in ("", each["metadata"]["name"])]
    return found


def refused(values: dict[str, Any], **options: Any) -> str:
    done = rig.run(4, "tenant", {**values, **options})
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.mark.parametrize("it", CASES, ids=lambda it: it.name)
def test_what_is_rendered_is_what_was_reviewed(it: Case, helm: int) -> None:
    rig.golden.compare("tenant", it.name, rendered(it.name, helm))


@pytest.mark.parametrize("it", CASES, ids=lambda it: it.name)
def test_every_object_is_valid_for_both_versions_of_kubernetes(it: Case, valid: Valid) -> None:
    valid(rendered(it.name))


@pytest.mark.parametrize("it", CASES, ids=lambda it: it.name)
def test_every_object_says_whose_it_is_and_lies_in_the_projects_namespace(it: Case) -> None:
    for each in rendered(it.name):
        meta = each["metadata"]
        if each["kind"] == "Namespace":
            assert (meta["name"], meta.get("namespace")) == (it.namespace, None)
        else:
            home = "argocd" if each["kind"] == "AppProject" else it.namespace
            assert meta["namespace"] == home
        assert meta["labels"]["gleis.dev/team"] == it.tenant["team"]
        assert meta["labels"]["gleis.dev/project"] == it.tenant["project"]
        assert meta["labels"]["gleis.dev/environment"] == it.environment
        assert meta["labels"]["gleis.dev/cost-center"] == it.tenant["costCenter"]
        assert meta["labels"]["gleis.dev/data-class"] == it.tenant["dataClass"]
        assert meta["annotations"]["gleis.dev/owner"] == it.tenant["owner"]


@pytest.mark.parametrize("it", CASES, ids=lambda it: it.name)
def test_a_project_in_argo_cd_reaches_one_namespace_and_nothing_without_one(it: Case) -> None:
    spec = one(rendered(it.name), "AppProject")["spec"]

    assert [each["namespace"] for each in spec["destinations"]] == [it.namespace]
    assert spec["destinations"][0]["name"] in {each["name"] for each in PLATFORM["clusters"]}
    assert spec["clusterResourceWhitelist"] == []
    assert spec["sourceRepos"] == ["https://github.com/example-org/gleis.git"]
    assert "*" not in yaml.safe_dump([spec["destinations"], spec["namespaceResourceWhitelist"]])


def test_a_state_repository_of_its_own_is_one_of_the_two_sources() -> None:
    values = case("online-dev").values
    state = {"repo": "https://github.com/example-org/state.git"}
    spec = one(made({**values, "platform": {**PLATFORM, "gitops": state}}), "AppProject")["spec"]

    assert spec["sourceRepos"] == [
        "https://github.com/example-org/gleis.git",
        "https://github.com/example-org/state.git",
    ]


@pytest.mark.parametrize(
    "kind", ["Role", "RoleBinding", "ServiceAccount", "ResourceQuota", "SecretStore", "*"]
)
def test_kinds_that_grant_rights_cannot_even_be_configured(kind: str) -> None:
    assert "kinds" in refused(case("online-dev").values, kinds=[{"group": "", "kind": kind}])


def test_nobody_of_the_team_may_change_or_delete_anything_in_prod() -> None:
    objects = rendered("online-prod")

    verbs = {
        verb for role in only(objects, "Role") for rule in role["rules"] for verb in rule["verbs"]
    }
    assert verbs == {"get", "list", "watch"}
    bound = {
        (each["roleRef"]["kind"], each["roleRef"]["name"]) for each in only(objects, "RoleBinding")
    }
    assert bound == {("ClusterRole", "view"), ("Role", "team")}
    (role,) = one(objects, "AppProject")["spec"]["roles"]
    allowed = {line.split(", ")[3] for line in role["policies"] if line.endswith("allow")}
    assert allowed == {"get", "sync"}
    denied = {line.split(", ")[3] for line in role["policies"] if line.endswith("deny")}
    assert denied == {"delete", "delete/*"}
    kept = one(objects, "Namespace")["metadata"]["annotations"]
    assert kept["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


def test_the_team_may_edit_in_dev_only() -> None:
    def bindings(name: str) -> set[str]:
        return {each["roleRef"]["name"] for each in only(rendered(name), "RoleBinding")}

    assert "edit" in bindings("online-dev")
    assert "edit" not in bindings("batch")  # staging
    assert "edit" not in bindings("online-prod")


def test_the_group_is_the_one_that_platform_yaml_names_for_the_team() -> None:
    values = deepcopy(case("online-dev").values)
    next(each for each in values["platform"]["teams"] if each["name"] == "drivetrain")["group"] = (
        "ad-drivetrain"
    )
    objects = made(values)

    groups = {each["subjects"][0]["name"] for each in only(objects, "RoleBinding")}
    assert groups == {"ad-drivetrain"}
    assert one(objects, "AppProject")["spec"]["roles"][0]["groups"] == ["ad-drivetrain"]


def test_prod_does_not_synchronise_by_itself_in_a_freeze_but_by_hand() -> None:
    (window,) = one(rendered("online-prod"), "AppProject")["spec"]["syncWindows"]

    assert (window["kind"], window["manualSync"]) == ("deny", True)
    assert (window["schedule"], window["duration"], window["timeZone"]) == (
        "0 16 * * 5", "62h", "UTC",
    )  # fmt: skip
    assert "syncWindows" not in one(rendered("online-dev"), "AppProject")["spec"]


def test_quota_and_limits_are_the_share_of_the_record() -> None:
    objects = rendered("gpu")
    hard = one(objects, "ResourceQuota")["spec"]["hard"]
    (limits,) = one(objects, "LimitRange")["spec"]["limits"]

    assert (hard["requests.cpu"], hard["requests.nvidia.com/gpu"]) == ("40", "8")
    assert hard["requests.memory"] == hard["limits.memory"] == "320Gi"
    assert limits["max"] == {"cpu": "40", "memory": "320Gi"}
    assert one(rendered("batch"), "ResourceQuota")["spec"]["hard"]["requests.nvidia.com/gpu"] == "0"


def test_a_share_of_nothing_lets_no_pod_in(valid: Valid) -> None:
    record = tenant(quota={"cpu": 0, "gpu": 0})
    objects = made({**case("online-dev").values, "tenant": record})

    valid(objects)
    assert one(objects, "ResourceQuota")["spec"]["hard"]["requests.cpu"] == "0"
    assert "max" not in one(objects, "LimitRange")["spec"]["limits"][0]


def test_a_projects_applications_may_hold_what_other_charts_make_and_not_what_this_one_makes() -> (
    None
):
    spec = one(rendered("online-dev"), "AppProject")["spec"]
    allowed = {each["kind"] for each in spec["namespaceResourceWhitelist"]}

    for chart in rig.charts():
        texts = [file.read_text() for file in (rig.CHARTS / chart / "templates").glob("_*.tpl")]
        kinds = set(re.findall(r'^kind: (\w+)$|"kind" "([A-Z]\w+)"', "\n".join(texts), re.M))
        made = {plain or passed for plain, passed in kinds}
        assert made, chart
        if chart == "tenant":
            # A service opens its own ports; policies only ever add to what may be reached.
            assert made & allowed == {"NetworkPolicy"}
        else:
            assert made <= allowed, chart


def test_jobs_wait_in_the_teams_queue() -> None:
    assert one(rendered("gpu"), "LocalQueue", "default")["spec"] == {"clusterQueue": "vision"}


def test_pods_are_held_to_pod_security_restricted() -> None:
    labels = one(rendered("none"), "Namespace")["metadata"]["labels"]

    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_nothing_goes_in_or_out_unless_a_policy_has_a_reason_for_it() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in
                only(rendered("online-dev"), "NetworkPolicy")}  # fmt: skip

    assert policies.pop("default-deny") == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    assert set(policies) == {
        "same-namespace", "dns", "ingress", "monitoring", "tracking", "cloud-identity",
    }  # fmt: skip
    for name, spec in policies.items():
        for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
            peers = rule.get("from", rule.get("to"))
            assert peers, f"{name} is open to everybody"
            assert all(each != {} and each != {"namespaceSelector": {}} for each in peers)
            assert name == "same-namespace" or rule["ports"], f"{name} is open on every port"


def test_only_a_service_is_reached_from_outside() -> None:
    for name, reached in (("online-dev", True), ("batch", False), ("none", False)):
        names = {each["metadata"]["name"] for each in only(rendered(name), "NetworkPolicy")}
        assert ("ingress" in names) is reached


def test_end_points_are_reached_on_their_ports_and_never_everything() -> None:
    values = case("online-dev").values
    stores = {"name": "stores", "cidr": "10.20.0.0/16", "ports": [443]}
    network = one(made(values, network={"endpoints": [stores]}), "NetworkPolicy", "endpoints")

    assert network["spec"]["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
            "ports": [{"port": 443, "protocol": "TCP"}],
        }
    ]
    everything = {**stores, "cidr": "0.0.0.0/0"}
    assert "cidr" in refused(values, network={"endpoints": [everything]})


def values_in(cloud: str) -> dict[str, Any]:
    """A project in dev of this cloud, in an organisation that has a cluster there."""
    there = {"name": "there", "cloud": cloud, "environment": "dev"}
    platform = {**PLATFORM, "clusters": [*PLATFORM["clusters"], there]}
    record = tenant(serving={"cloud": cloud})
    return {**case("online-dev").values, "tenant": record, "platform": platform}


def test_google_finds_the_account_that_terraform_made_by_its_name(valid: Valid) -> None:
    objects = made(values_in("gcp"))
    found = one(objects, "ServiceAccount")["metadata"]["annotations"]

    valid(objects)
    account = names.fit("drivetrain", "bearing-wear", "dev", limit=28)
    assert found["iam.gke.io/gcp-service-account"] == (
        f"w-{account}@example-ml-dev.iam.gserviceaccount.com"
    )
    store = one(objects, "SecretStore")["spec"]["provider"]["gcpsm"]
    assert store["auth"]["workloadIdentity"]["serviceAccountRef"] == {"name": "bearing-wear"}


def test_azure_finds_its_identity_by_the_id_that_terraform_gave(valid: Valid) -> None:
    values = values_in("azure")
    identity = "00000000-0000-0000-0000-00000000000a"
    stores = {"azure": {"vaultUrls": {"dev": "https://drivetrain.vault.azure.net"}}}
    objects = made(values, clientIds={"drivetrain-bearing-wear-dev": identity}, secretStores=stores)

    valid(objects)
    account = one(objects, "ServiceAccount", "bearing-wear")["metadata"]
    assert account["annotations"]["azure.workload.identity/client-id"] == identity
    assert one(objects, "SecretStore")["spec"]["provider"]["azurekv"]["authType"] == (
        "WorkloadIdentity"
    )
    assert not only(made(values), "SecretStore")


def test_aws_binds_on_its_side_and_secrets_lie_below_the_projects_prefix() -> None:
    objects = rendered("online-dev")

    assert set(one(objects, "ServiceAccount")["metadata"]["annotations"]) == {"gleis.dev/owner"}
    aws = one(objects, "SecretStore")["spec"]["provider"]["aws"]
    assert aws["prefix"] == "drivetrain-bearing-wear-dev/"


def test_a_plant_takes_its_secrets_out_of_vault_by_a_role_of_its_own(valid: Valid) -> None:
    vault = {"server": "https://vault.example.com"}
    objects = made(case("onprem").values, secretStores={"vault": vault})

    valid(objects)
    auth = one(objects, "SecretStore")["spec"]["provider"]["vault"]["auth"]["kubernetes"]
    assert auth["role"] == case("onprem").namespace


def test_each_scope_goes_to_its_own_cluster() -> None:
    values = case("online-dev").values
    whole = {rig.title(each) for each in rendered("online-dev")}

    hub = made(values, scope="hub")
    rest = made(values, scope="cluster")

    assert [each["kind"] for each in hub] == ["AppProject"]
    assert {rig.title(each) for each in hub + rest} == whole
    assert len(hub) + len(rest) == len(whole)


def test_a_project_in_a_swarm_has_nothing_in_a_cluster() -> None:
    values = {**case("online-dev").values, "tenant": tenant(serving={"target": "swarm"})}

    assert made(values) == []


def test_what_is_missing_is_named() -> None:
    values = case("online-dev").values

    assert "platform.clusters has no cluster of gcp for dev, where drivetrain/bearing-wear" in (
        refused({**values, "tenant": tenant(serving={"cloud": "gcp"})})
    )
    assert "platform.teams has no team nobody" in refused(
        {**values, "tenant": tenant(team="nobody")}
    )
    record = tenant()
    del record["namespaces"]["dev"]
    assert "has no namespace for dev: tenant.namespaces names prod, staging" in (
        refused({**values, "tenant": record})
    )


def test_an_option_that_is_not_there_is_refused(helm: int) -> None:
    done = rig.run(helm, "tenant", {**case("online-dev").values, "memoryPerCores": 4})

    assert done.returncode != 0
    assert "memoryPerCores" in done.stderr
