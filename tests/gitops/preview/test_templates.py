"""Go templates and generators, evaluated as Argo CD would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.argocd import rig

from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import generators, gotemplate, helm
from gleis.gitops.preview.generators import ClusterFacts, Unsupported, World
from gleis.gitops.preview.gotemplate import Call, TemplateFailed

GIVEN = {"a": {"b": "x", "n": 3}, "l": [{"n": "1"}, {"n": "2"}], "empty": "", "f": 1.5}


@pytest.fixture(params=rig.MAJORS, ids=lambda major: f"helm{major}")
def program(request: pytest.FixtureRequest) -> helm.Helm:
    return helm.Helm(rig.helm(request.param))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ .a.b }}-{{ .a.n }}", "x-3"),
        ("{{ .f }}", "1.5"),
        ("  {{- .a.b -}}  !", "x!"),
        ("{{ range .l }}{{ .n }},{{ $.a.b }};{{ end }}", "1,x;2,x;"),
        ("{{ range $i, $e := .l }}{{ $i }}{{ $e.n }}{{ end }}", "0112"),
        ("{{ with .a }}{{ .b | upper | quote }}{{ end }}", '"X"'),
        ('{{ if eq .a.b "x" }}yes{{ else }}{{ .gone }}{{ end }}', "yes"),
        ('{{ (index .l 1).n }}{{ index .a "b" }}', "2x"),
        ('{{ .empty | default "d" }}', "d"),
        ('{{ get .a "gone" | default "d" }}', "d"),
        ('{{ "{{ .a }}" }} {{ `.b "` }} {{/* .gone */}}', '{{ .a }} .b " '),
        ('{{ printf "%s.%s" .a.b (.a.b | trunc 1) }}', "x.x"),
        ("{{ $m := .a }}{{ $m.b }}", "x"),
        ('{{ .a.b }}{{- "" }} {{ printf "%d" 07 }}', "x 7"),
    ],
)
def test_templates_say_what_go_says(program: helm.Helm, template: str, text: str) -> None:
    assert gotemplate.evaluate(program, [[template]], [Call(0, GIVEN)]) == [[text]]


@pytest.mark.parametrize(
    "template",
    [
        "{{ .gone }}",
        "{{ .a.gone }}",
        '{{ .gone | default "d" }}',
        "{{ if .gone }}x{{ end }}",
        "{{ range .l }}{{ .gone }}{{ end }}",
        "{{ (index .l 0).gone }}",
        "{{ $.gone }}",
        "{{ .a.b.c }}",
        "{{ if .a }}",
        "{{ end }}{{ if .a }}",
        "{{ .a ",
        "{{ nosuchfunction .a }}",
        '{{ fail "no" }}',
    ],
)
def test_what_argo_cd_would_refuse_fails_and_says_for_whom(
    program: helm.Helm, template: str
) -> None:
    with pytest.raises(GitopsError):
        gotemplate.evaluate(program, [[template]], [Call(0, GIVEN)])


def test_the_one_call_that_fails_is_found_among_many(program: helm.Helm) -> None:
    calls = [Call(0, {"a": number} if number != 11 else {}) for number in range(20)]
    with pytest.raises(TemplateFailed) as failed:
        gotemplate.evaluate(program, [["{{ .a }}"]], calls)
    assert failed.value.call == 11


@pytest.mark.parametrize("word", ["normalize", "slugify", "tpl", "include"])
def test_functions_that_only_one_of_the_engines_has_are_refused_by_name(word: str) -> None:
    with pytest.raises(GitopsError, match=word):
        gotemplate.strict(f"{{{{ {word} .a }}}}")


FILES = {
    "t/x/one/dev.yaml": {"environment": "dev"},
    "t/x/one/project.yaml": {"tenant": {"team": "x"}},
    "t/y/two/dev.yaml": {"environment": "dev"},
    "t/y/two/deeper/dev.yaml": {"environment": "odd"},
    "t/y/two/project.yaml": {"tenant": {"team": "y"}},
    "many.yaml": [{"n": 1}, {"n": 2}],
}
CLUSTERS = (
    ClusterFacts("ML_dev", "https://a", {"ring": "dev", "gpu": "true"}, {"region": "r1"}),
    ClusterFacts("prod", "https://b", {"ring": "prod"}),
)


def given(generator: Any) -> list[dict[str, Any]]:
    found = helm.Helm(rig.helm(4))

    def templated(pairs: list[tuple[Any, Any]]) -> list[Any]:
        from gleis.gitops.preview.applicationsets import Evaluation
        from gleis.gitops.preview.kept import Kept

        return Evaluation(found, Kept(Path("/dev/null/none")))._templated(pairs)

    def load(names: Sequence[str]) -> dict[str, Any]:
        return {name: FILES[name] for name in names}

    world = World(FILES.keys(), load, CLUSTERS, templated)
    return generators.parameters([generator], world)


def git_files(*paths: str, **more: Any) -> dict[str, Any]:
    return {"git": {"repoURL": "r", "files": [{"path": path} for path in paths], **more}}


def test_files_give_their_content_and_their_place() -> None:
    (found,) = given(git_files("t/x/*/dev.yaml"))
    assert found["environment"] == "dev"
    assert found["path"]["path"] == "t/x/one"
    assert found["path"]["segments"] == ["t", "x", "one"]
    assert (found["path"]["basename"], found["path"]["filename"]) == ("one", "dev.yaml")


def test_a_star_crosses_folders_and_lists_give_several() -> None:
    assert len(given(git_files("t/*/*/dev.yaml"))) == 3
    assert [each["n"] for each in given(git_files("many.yaml"))] == [1, 2]
    excluded = {"path": "t/y/*", "exclude": True}
    generator = {"git": {"files": [{"path": "t/*/dev.yaml"}, excluded]}}
    assert len(given(generator)) == 1


def test_a_matrix_hands_what_it_has_to_the_next_and_keeps_what_came_first() -> None:
    second = git_files("{{ .path.path }}/project.yaml", pathParamPrefix="record")
    found = given({"matrix": {"generators": [git_files("t/?/*/dev.yaml"), second]}})
    assert [each["tenant"]["team"] for each in found] == ["x", "y"]
    assert found[0]["path"]["filename"] == "dev.yaml"
    assert found[0]["record"]["path"]["filename"] == "project.yaml"


def test_clusters_are_chosen_by_label_and_give_facts_and_values() -> None:
    chosen = {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}
    values = {"where": "{{ .metadata.annotations.region }}"}
    (found,) = given({"clusters": {"selector": chosen, "values": values}})
    assert (found["name"], found["nameNormalized"]) == ("ML_dev", "ml-dev")
    assert found["values"] == {"where": "r1"}
    assert len(given({"clusters": {}})) == 2


def test_merge_lets_later_generators_override_by_key() -> None:
    base = {"list": {"elements": [{"k": "a", "v": 1, "w": 1}, {"k": "b", "v": 2}]}}
    over = {"list": {"elements": [{"k": "a", "v": 9}, {"k": "c", "v": 9}]}}
    found = given({"merge": {"mergeKeys": ["k"], "generators": [base, over]}})
    assert found == [{"k": "a", "v": 9, "w": 1}, {"k": "b", "v": 2}]


def test_a_selector_beside_a_generator_chooses_among_what_it_gives() -> None:
    elements = {"list": {"elements": [{"t": {"on": "k8s"}}, {"t": {"on": "swarm"}}]}}
    found = given({**elements, "selector": {"matchLabels": {"t.on": "k8s"}}})
    assert found == [{"t": {"on": "k8s"}}]


@pytest.mark.parametrize(
    ("generator", "name"),
    [
        ({"scmProvider": {}}, "scmProvider"),
        ({"pullRequest": {}}, "pullRequest"),
        ({"plugin": {}}, "plugin"),
        ({"git": {"directories": [{"path": "x"}]}}, "directories"),
        ({"list": {"elements": [], "template": {"x": 1}}}, "template"),
    ],
)
def test_what_cannot_be_told_offline_is_refused_by_its_name(generator: Any, name: str) -> None:
    with pytest.raises(Unsupported, match=name):
        given(generator)
