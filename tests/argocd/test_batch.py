"""Many items in one call of Helm give what single calls give, and one mistake spoils one item."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.gitops import batch, charts
from gleis.gitops.batch import Item, Rendered
from gleis.gitops.errors import GitopsError
from gleis.tools.errors import ToolMissing

from . import rig
from .cases import CASES, OPTIONS, PLATFORM, RELEASE, case, tenant
from .rig import programs

SHARED = {"platform": PLATFORM}


def item(name: str, chart: str = "tenant", **options: Any) -> Item:
    found = case(name)
    own = {key: value for key, value in found.values.items() if key not in SHARED}
    return Item(chart, found.tenant["project"], found.namespace, {**own, **options})


def rendered(items: list[Item], major: int = 4, **options: Any) -> list[Rendered]:
    options = {"shared": SHARED, **options}
    return list(batch.render(items, helm=rig.helm(major), **options))


def ordered(objects: Any) -> list[rig.Object]:
    """Helm sorts what it prints by kind; Argo CD does so again, so the order means nothing."""
    return sorted(objects, key=lambda it: (it["apiVersion"], rig.title(it)))


@pytest.mark.parametrize("chart", rig.charts())
def test_batch_output_is_single_output(chart: str, helm: int) -> None:
    options = OPTIONS.get(chart, {})
    found = rendered([item(each.name, chart, **options) for each in CASES], helm)

    for each, many in zip(CASES, found, strict=True):
        release, namespace = each.tenant["project"], each.namespace
        one = rig.run(helm, chart, {**each.values, **options}, release=release, namespace=namespace)
        if one.returncode == 0:
            assert not many.problems
            assert ordered(many.objects) == ordered(rig.parse(one.stdout)), each.name
        else:  # a chart may have no use for a case; then neither way may make anything
            assert many.problems, f"{each.name}: single refuses: {one.stderr}"
            assert not many.objects
    assert any(each.objects for each in found)


def test_options_of_an_item_win_over_defaults_as_helm_merges_them(helm: int) -> None:
    options: dict[str, Any] = {
        "memoryPerCore": 4,
        "objects": {"pods": 7},
        "network": {
            "endpoints": [{"name": "stores", "cidr": "10.0.0.0/16", "ports": [443]}],
            "dnsLabels": {"k8s-app": None, "app": "coredns"},
        },
        "kinds": [{"group": "apps", "kind": "Deployment"}],
        "global": {"a": None},
        "clientIds": {},
    }
    (found,) = rendered([item("online-prod", **options)], helm)
    one = rig.render(helm, "tenant", case("online-prod").values, options)

    assert ordered(found.objects) == ordered(one)


# Whatever could be read in two ways, and a text that ends with its document.
EDGES = """\
{{- define "edges.objects" -}}
# nothing but a comment
---
apiVersion: v1
kind: ConfigMap
metadata: {name: first}
data:
  number: "1e3"
  text: |
    --- is no end here
    last: line, {{ .Release.Name }} of {{ .Chart.Name }} {{ .Chart.Version }}

---{{ "  " }}
kind: Numbers
apiVersion: example.com/v1
metadata: {name: numbers, namespace: {{ .Release.Namespace }}}
spec: {{ toJson .Values.spec }}
sizes: [1048576, 1e3, 0x10, 0.5, -0, 12345678901]
words: [yes, "no", on, ~, null, "", 2026-11-25, "ä < & > ü", '{{ "{{" }}']
{{ if semverCompare ">=1.34-0" .Capabilities.KubeVersion.Version }}
---
kind: Last
apiVersion: example.com/v1
metadata: {name: last}
folded: >-
  one
  two
kept: |+
  three

text: |
  four
{{- end }}
{{- end -}}
"""


def test_what_is_hard_to_read_is_read_as_in_a_single_call(helm: int, tmp_path: Path) -> None:
    folder = tmp_path / "edges"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: edges, version: 1.2.3}\n")
    (folder / "values.yaml").write_text("spec: {cores: 3, ratio: 0.25, big: 123456789012}\n")
    (folder / "values.schema.json").write_text("{}")
    (folder / "templates" / "_edges.tpl").write_text(EDGES)
    (folder / "templates" / "objects.yaml").write_text('{{ include "edges.objects" . }}\n')
    (tmp_path / "values.yaml").write_text("{spec: {ratio: 2, deep: {a: [1, 2.5, false]}}}\n")
    values = yaml.safe_load((tmp_path / "values.yaml").read_text())

    argv = [str(rig.helm(helm)), "template", "it", str(folder), "--namespace", "there"]
    argv += ["--values", str(tmp_path / "values.yaml"), "--kube-version", batch.KUBERNETES]
    one = rig.parse(programs.run(argv, tmp_path).stdout)
    (many,) = rendered([Item("edges", "it", "there", values)], helm, known=charts.find(tmp_path))

    assert len(one) == 3, one
    assert ordered(many.objects) == ordered(one)


def test_a_null_on_top_takes_the_default_away() -> None:
    (found,) = rendered([item("online-dev", podSecurityVersion=None)])
    one = rig.render(4, "tenant", case("online-dev").values, {"podSecurityVersion": None})

    assert ordered(found.objects) == ordered(one)


def test_items_come_back_in_their_order_over_many_chunks() -> None:
    items = [
        Item("tenant", f"project-{number}", "there", {
            "tenant": tenant(f"project-{number}"), "environment": "dev", "release": RELEASE,
        })
        for number in range(23)
    ]  # fmt: skip
    found = rendered(items, chunk=2)

    assert [each.item for each in found] == items
    for each in found:
        labels = {it["metadata"]["labels"]["gleis.dev/project"] for it in each.objects}
        assert labels == {each.item.release}


def test_an_item_that_a_template_refuses_spoils_no_other() -> None:
    wrong = item("online-dev", tenant=tenant(team="nobody"))
    found = rendered([item("online-dev"), item("gpu"), wrong, item("batch")])

    assert [bool(each.objects) for each in found] == [True, True, False, True]
    assert found[2].problems == ("platform.teams has no team nobody, whose bearing-wear is",)


def test_a_mistake_in_a_template_is_told_by_its_name(tmp_path: Path) -> None:
    for chart in ("library", "tenant"):
        shutil.copytree(rig.CHARTS / chart, tmp_path / chart)
    file = tmp_path / "tenant" / "templates" / "_namespace.tpl"
    file.write_text(file.read_text().replace("int $quota.cpu | quote", "mod $quota.cpu 0", 1))

    (found,) = rendered([item("online-dev")], known=charts.find(tmp_path))

    assert found.problems[0].startswith('executing "tenant.quota" at <mod')
    assert "divide by zero" in found.problems[0]


def test_an_item_that_the_schema_refuses_is_told_where(helm: int) -> None:
    wrong = item("online-dev", memoryPerCores=4, objects={"pods": 0})
    found = rendered([item("online-dev"), wrong], helm)

    assert found[0].objects
    assert not found[1].objects
    said = "\n".join(found[1].problems)
    assert "the values: Additional properties are not allowed ('memoryPerCores'" in said
    assert "objects.pods: 0 is less than the minimum of 1" in said


def test_what_all_items_share_is_checked_too() -> None:
    teams = [{"owner": "nobody@example.com"}]
    found = rendered(
        [item("online-dev"), item("online-prod")], shared={"platform": {**PLATFORM, "teams": teams}}
    )

    for each in found:
        assert each.problems == ('platform.teams.0: "name" is a required property',)


def test_a_chart_that_is_not_there_is_named() -> None:
    with pytest.raises(GitopsError, match=r"no chart tenent; there are: .*tenant"):
        rendered([item("online-dev", "tenent")])


def test_a_chart_without_a_schema_is_named(tmp_path: Path) -> None:
    rig.copy("tenant", tmp_path)
    (tmp_path / "tenant" / charts.SCHEMA).unlink()

    with pytest.raises(GitopsError, match=r"the chart tenant lacks values\.schema\.json"):
        charts.find(tmp_path)


def test_without_helm_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ToolMissing, match=r"helm was not found; needed by gleis gitops preview"):
        list(batch.render([item("online-dev")], shared=SHARED))


def test_a_helm_that_prints_less_than_it_was_asked_for_is_not_believed(tmp_path: Path) -> None:
    quiet = tmp_path / "helm"
    quiet.write_text("#!/bin/sh\necho 'kind: Rendered'\n")
    quiet.chmod(0o700)

    with pytest.raises(GitopsError, match="Helm rendered 0 of 1 items"):
        list(batch.render([item("online-dev")], shared=SHARED, helm=quiet))


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    rendered([item("online-dev")])

    assert list(tmp_path.iterdir()) == []
