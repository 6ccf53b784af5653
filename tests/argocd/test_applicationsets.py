"""The ApplicationSets and the root: valid, protected, the same for either place of the state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.contract import ContractError, names
from gleis.contract import platform as platforms
from gleis.contract.platform import Gitops, Platform
from gleis.gitops import rendering
from gleis.gitops.argo import applicationsets, bootstrap, clusters, sources
from gleis.gitops.errors import GitopsError

from .rig import programs

ROOT = Path(__file__).parents[2]
PLATFORM = platforms.load()
Valid = Callable[[Iterable[Any]], None]
STATE = "https://git.example.com/ml/state.git"


def apart(**more: str) -> Platform:
    """The organisation with its state in a repository of its own."""
    return replace(PLATFORM, gitops=Gitops(STATE, "tenants", **more))


def sets(platform: Platform = PLATFORM) -> dict[str, dict[str, Any]]:
    found = {}
    for text in applicationsets.render(platform).values():
        for each in yaml.safe_load_all(text):
            found[each["metadata"]["name"]] = each
    return found


@pytest.mark.parametrize("platform", [PLATFORM, apart()], ids=["here", "apart"])
def test_everything_rendered_is_valid(platform: Platform, valid: Valid) -> None:
    texts = rendering.render(ROOT, platform)
    del texts["argocd/platform/values.yaml"]  # values, not objects
    found = [
        each
        for name, text in texts.items()
        if name.endswith(".yaml") and not name.endswith("/rendered.yaml")
        for each in yaml.safe_load_all(text)
    ]
    for each in found:
        if each["kind"] == "ApplicationSet":
            # What is a label's value after evaluation is none before.
            labels = each["spec"]["template"]["metadata"]["labels"]
            labels |= {key: "evaluated" for key, value in labels.items() if "{{" in value}
    valid(found)


def test_a_set_never_deletes_and_is_not_deleted() -> None:
    for name, each in sets().items():
        spec = each["spec"]
        assert spec["goTemplate"] is True, name
        assert spec["goTemplateOptions"] == ["missingkey=error"], name
        assert spec["syncPolicy"] == {
            "applicationsSync": "create-update",
            "preserveResourcesOnDeletion": True,
        }, name
        assert "finalizers" not in spec["template"]["metadata"], name
        options = each["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
        assert options == "Prune=false,Delete=false", name


def test_each_environment_has_its_sets_and_the_platform_has_two() -> None:
    wanted = {f"{what}-{environment}" for what in ("projects", "tenants", "services")
              for environment in ("dev", "staging", "prod")}  # fmt: skip
    assert set(sets()) == wanted | {"platform", "platform-objects"}


def test_a_service_is_in_its_own_project_and_does_not_wait_for_others() -> None:
    spec = sets()["services-prod"]["spec"]
    template = spec["template"]["spec"]
    assert template["project"] == template["destination"]["namespace"]
    assert "strategy" not in spec
    assert template["syncPolicy"]["automated"]["selfHeal"] is True


def test_what_a_step_rolls_out_does_not_synchronise_by_itself() -> None:
    for name in ("platform", "platform-objects"):
        spec = sets()[name]["spec"]
        assert spec["strategy"]["type"] == "RollingSync"
        assert "automated" not in spec["template"]["spec"]["syncPolicy"]


def test_every_addon_is_in_a_step_and_dev_comes_before_prod() -> None:
    steps = [
        {each["key"]: each["values"] for each in step["matchExpressions"]}
        for step in sets()["platform"]["spec"]["strategy"]["rollingSync"]["steps"]
    ]
    rings = [step["gleis.dev/ring"][0] for step in steps]
    assert list(dict.fromkeys(rings)) == ["hub", "dev", "staging", "prod"]
    waves = {step["gleis.dev/wave"][0] for step in steps}
    used = {
        str(yaml.safe_load(file.read_text())["addon"]["wave"])
        for file in (ROOT / "argocd/platform").glob("*/addon.yaml")
    }
    assert used <= waves


@pytest.mark.parametrize("platform", [PLATFORM, apart(branch="live")], ids=["here", "apart"])
def test_values_are_the_records_wherever_they_lie(platform: Platform) -> None:
    own = "https://github.com/example-org/gleis.git"
    state = platform.gitops.repo if platform.gitops.repo != "." else own
    for name in ("projects-dev", "tenants-dev", "services-dev"):
        spec = sets(platform)[name]["spec"]
        chart, *refs = spec["template"]["spec"]["sources"]
        assert chart["helm"]["valueFiles"] == [
            "$platform/argocd/platform/values.yaml",
            "$state/{{ .path.path }}/project.yaml",
            "$state/{{ .path.path }}/dev.yaml",
        ]
        assert {each["ref"]: each["repoURL"] for each in refs} == {"platform": own, "state": state}
        release, tenant = (each["git"] for each in spec["generators"][0]["matrix"]["generators"])
        assert release["files"] == [{"path": f"{platform.gitops.path}/*/*/dev.yaml"}]
        assert tenant["files"] == [{"path": "{{ .path.path }}/project.yaml"}]
        assert release["repoURL"] == tenant["repoURL"] == state


def test_an_environment_runs_the_charts_of_its_revision() -> None:
    assert PLATFORM.kubernetes is not None
    pinned = replace(PLATFORM.kubernetes, revisions={"prod": "v0.5.0"})
    found = sets(replace(apart(), kubernetes=pinned))
    revisions = {
        name: {
            each["targetRevision"]
            for each in found[f"services-{name}"]["spec"]["template"]["spec"]["sources"]
            if each.get("ref") != "state"
        }
        for name in ("dev", "prod")
    }
    assert revisions == {"dev": {"HEAD"}, "prod": {"v0.5.0"}}


def test_a_state_that_no_cluster_can_reach_is_refused() -> None:
    with pytest.raises(GitopsError, match=r"gitops.repo is the path \.\./state.git"):
        applicationsets.render(replace(PLATFORM, gitops=Gitops("../state.git", "tenants")))


def evaluated(
    helm: int, tmp_path: Path, expression: str, records: list[dict[str, Any]], named: str = ""
) -> list[str]:
    """What an expression becomes for each record, in the engine that Argo CD uses, too."""
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: it\nversion: 0.0.0\n")
    (chart / "values.yaml").write_text(json.dumps({"records": records}))
    (chart / "templates" / "_named.tpl").write_text(named)
    (chart / "templates" / "it.yaml").write_text(
        "{{- range .Values.records }}\n---\nname: {{ with . }}"
        + expression
        + "{{ end }}\n{{- end }}"
    )
    done = programs.run([str(programs.helm(helm)), "template", "it", str(chart)], tmp_path)
    assert done.returncode == 0, done.stderr
    return [each["name"] for each in yaml.safe_load_all(done.stdout) if each]


def record(team: str, project: str, cloud: str = "aws") -> dict[str, Any]:
    spaces = {each: names.namespace(team, project, each) for each in sources.ENVIRONMENTS}
    return {"tenant": {"namespaces": spaces, "serving": {"cloud": cloud}}}


def test_names_fit_and_stay_apart(helm: int, tmp_path: Path) -> None:
    records = [
        record("vision", "paint-defects"),
        record("v" * 40, "p" * 40),
        record("v" * 40, "p" * 39 + "q"),
        record("a" * 27, "b" * 27),  # 63 characters with prod
    ]

    found = evaluated(helm, tmp_path, sources.name_with("prod", "tenant"), records)

    assert found[0] == "vision-paint-defects-prod-tenant"
    assert len(set(found)) == len(records)
    assert all(len(each) <= 63 and each.endswith("-tenant") for each in found)


def test_a_record_goes_to_the_cluster_of_its_cloud_or_to_a_name_that_says_why_not(
    helm: int, tmp_path: Path
) -> None:
    records = [record("vision", "a"), record("vision", "b", "onprem"), record("vision", "c", "gcp")]
    assert evaluated(helm, tmp_path, sources.cluster_of(PLATFORM, "prod"), records) == [
        "ml-prod",
        "plant-prod",
        "no-cluster-of-gcp-in-prod",
    ]


def test_the_facts_of_a_cluster_reach_an_addon(helm: int, tmp_path: Path) -> None:
    (source, _) = sets()["platform"]["spec"]["template"]["spec"]["sources"]
    cluster = {
        "name": "ml-dev",
        "metadata": {"annotations": {"gleis.dev/region": "eu-central-1"}},
        "addon": {"name": "velero", "facts": {"bucket": {"region": "<gleis.dev/region>"}}},
    }
    plain = {**cluster, "addon": {"name": "kueue"}}
    # A text of its own, as Argo CD evaluates each field by itself.
    named = '{{ define "it" }}' + source["helm"]["values"] + "{{ end }}"
    expression = '{{ include "it" . | quote }}'

    found = evaluated(helm, tmp_path, expression, [cluster, plain], named)

    assert [yaml.safe_load(each) for each in found] == [{"bucket": {"region": "eu-central-1"}}, {}]


def test_an_addon_whose_cluster_lacks_a_fact_is_refused(helm: int, tmp_path: Path) -> None:
    (source, _) = sets()["platform"]["spec"]["template"]["spec"]["sources"]
    cluster = {
        "name": "ml-dev",
        "metadata": {"annotations": {"gleis.dev/cluster-name": "ml-dev"}},
        "addon": {"name": "velero", "facts": {"region": "<gleis.dev/region>"}},
    }
    named = '{{ define "it" }}' + source["helm"]["values"] + "{{ end }}"
    with pytest.raises(
        AssertionError, match="cluster ml-dev lacks an annotation that velero needs"
    ):
        evaluated(helm, tmp_path, '{{ include "it" . | quote }}', [cluster], named)


def test_the_platforms_projects_may_do_their_part_and_no_more() -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in bootstrap.projects(PLATFORM)}
    assert found["projects"]["destinations"] == [{"name": "in-cluster", "namespace": "argocd"}]
    assert found["projects"]["namespaceResourceWhitelist"] == [
        {"group": "argoproj.io", "kind": "AppProject"}
    ]
    assert found["onboarding"]["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]
    assert "*" not in {each["name"] for each in found["onboarding"]["destinations"]}
    assert found["root"]["clusterResourceWhitelist"] == []
    assert "*" not in found["platform"]["sourceRepos"]


def test_the_root_may_make_what_lies_in_its_folders() -> None:
    made = {
        (each["apiVersion"].rpartition("/")[0], each["kind"])
        for folder in (bootstrap.FOLDER, applicationsets.FOLDER)
        for file in (ROOT / folder).glob("*.yaml")
        for each in yaml.safe_load_all(file.read_text())
    }
    assert made == set(bootstrap.ROOT_KINDS)


def test_every_chart_of_an_addon_may_be_fetched() -> None:
    texts = rendering.render(ROOT, PLATFORM)
    documents = yaml.safe_load_all(texts[f"{bootstrap.FOLDER}/root.yaml"])
    (platform,) = [each for each in documents if each["metadata"]["name"] == "platform"]
    files = [
        each["path"]
        for each in sets()["platform"]["spec"]["generators"][0]["matrix"]["generators"][0]["git"][
            "files"
        ]
    ]
    wanted = {yaml.safe_load((ROOT / file).read_text())["addon"]["repository"] for file in files}
    assert wanted < set(platform["spec"]["sourceRepos"])


def test_onboarding_may_make_what_the_chart_tenant_makes() -> None:
    allowed = {("", "Namespace"), *bootstrap.TENANT_KINDS}
    made = set()
    for file in (ROOT / "tests/argocd/golden/tenant").glob("*.yaml"):
        for each in yaml.safe_load_all(file.read_text()):
            group = each["apiVersion"].rpartition("/")[0]
            made.add((group, each["kind"]))
    assert made - allowed == {("argoproj.io", "AppProject")}


def test_a_cluster_that_is_gone_from_platform_yaml_leaves_no_queues(tmp_path: Path) -> None:
    folder = tmp_path / "argocd/platform/kueue/clusters"
    folder.mkdir(parents=True)
    (folder / "ml-gone.yaml").write_text("")
    wanted = rendering.render(tmp_path, PLATFORM)

    (said,) = rendering.differences(tmp_path, wanted)
    assert (said.file, said.message) == (
        "argocd/platform/kueue/clusters/ml-gone.yaml",
        "is no longer rendered from platform.yaml: delete it",
    )
    assert rendering.remove(tmp_path, wanted) == [said.file]
    assert not (folder / "ml-gone.yaml").exists()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("name: ml-dev", "name: ml-dve", "clusters/unknown"),
        ("name: ml-dev", "name: ml-prod", "clusters/unique"),
        ("gleis.dev/ring: dev", "gleis.dev/ring: prod", "clusters/ring"),
        ('gleis.dev/platform: "true"', 'gleis.dev/platform: "yes"', "schema/not-allowed"),
        ("      gleis.dev/cluster-name: ml-dev\n", "", "schema/missing-key"),
    ],
)
def test_clusters_that_platform_yaml_does_not_know_are_refused(
    tmp_path: Path, old: str, new: str, rule: str
) -> None:
    text = (ROOT / clusters.FILE).read_text()
    assert old in text
    (tmp_path / "argocd").mkdir()
    (tmp_path / clusters.FILE).write_text(text.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        clusters.load(tmp_path, PLATFORM)
    assert rule in {problem.rule for problem in caught.value.problems}


def test_the_clusters_in_the_repository_are_those_of_platform_yaml() -> None:
    assert [each.name for each in clusters.load(ROOT, PLATFORM)] == [
        sources.HUB,
        *(each.name for each in PLATFORM.clusters),
    ]
