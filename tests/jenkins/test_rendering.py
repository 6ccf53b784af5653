"""What is rendered for Jenkins is committed, short, and lets no value near a shell."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from tests.jenkins.conftest import LIBRARY, REPO

from gleis.contract.platform import Distribution, Platform
from gleis.pipeline.ci import differences, jenkins, views
from gleis.pipeline.graph import Graph, Job, Stage

Files = dict[str, str]


def test_the_committed_files_are_what_the_graph_renders_to(files: Files) -> None:
    for name, text in files.items():
        assert (REPO / name).read_text() == text, f"{name}: run `gleis render`"


def test_the_pipeline_says_where_it_comes_from_and_stays_short(files: Files) -> None:
    lines = files[jenkins.PIPELINE].splitlines()
    assert "ci/pipeline.yaml" in lines[0]
    assert len(lines) <= 150


def test_no_value_reaches_the_shell_but_through_the_environment(files: Files) -> None:
    commands = re.findall(r"\bsh (.*)", files[jenkins.PIPELINE])
    assert len(commands) == 6
    for command in commands:
        assert re.fullmatch(r"'[^'\\]*'", command), command
        assert "${" not in command


def test_there_is_an_agent_for_every_runner_of_the_graph(graph: Graph, files: Files) -> None:
    assert {job.runner for job in graph.jobs.values()} == {
        name.removeprefix(f"{jenkins.PODS}/").removesuffix(".yaml")
        for name in files
        if name.startswith(jenkins.PODS)
    }


def test_an_agent_is_restricted_and_its_image_pinned(files: Files, organisation: Platform) -> None:
    base = organisation.base_images["python"]
    for name, text in files.items():
        if not name.startswith(jenkins.PODS):
            continue
        spec = yaml.safe_load(text)["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["image"] == f"{base.image}@{base.digest}"
        assert container["securityContext"]["privileged"] is False
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        builder = name.endswith("docker.yaml")
        assert container["securityContext"]["allowPrivilegeEscalation"] is builder
        assert ("add" in container["securityContext"]["capabilities"]) is builder
        assert not re.search(r"docker\.sock|hostPath|hostNetwork|hostPID", text)


def test_an_organisation_can_bring_an_image_for_one_runner(
    graph: Graph, organisation: Platform
) -> None:
    own = replace(organisation.base_images["python"], image="registry.example.com/ml/builder:1")
    images = {**organisation.base_images, "agent-docker": own}
    files = jenkins.render(graph, replace(organisation, base_images=images))
    assert own.image in files[f"{jenkins.PODS}/docker.yaml"]
    assert own.image not in files[f"{jenkins.PODS}/cpu.yaml"]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Distribution("git"), "'git+https://github.com/example-org/gleis@' + config.gleis"),
        (Distribution("path", "/opt/it's/gleis.whl"), r"'/opt/it\'s/gleis.whl'"),
    ],
)
def test_gleis_comes_from_where_the_organisation_says(
    graph: Graph, organisation: Platform, made: Distribution, expected: str
) -> None:
    text = jenkins.render(graph, replace(organisation, distribution=made))[jenkins.PIPELINE]
    assert f'GLEIS_SOURCE = "${{env.GLEIS_SOURCE ?: {expected}}}"' in text


def _graph(*jobs: Job, **needs: tuple[str, ...]) -> Graph:
    stages = {
        f"{job.id}-it": Stage(f"{job.id}-it", job.id, "", "project", 5, needs.get(job.id, ()))
        for job in jobs
    }
    return Graph({"main": "", "tag": ""}, {job.id: job for job in jobs}, stages)


RUN = (".gleis/run",)


def test_another_graph_is_rendered_and_read_back_too(organisation: Platform) -> None:
    graph = _graph(
        Job("first", "", "cpu", (), RUN),
        Job("second-one", "", "gpu", (), RUN, per_environment=True, approval=("dev", "prod")),
        Job("other", "", "cpu", ()),
        second_one=("first-it",),
    )
    stages = dict(graph.stages)
    stages["second-one-it"] = replace(
        stages["second-one-it"],
        needs=("first-it",),
        when=(("event", ("main",)), ("environment", ("dev", "prod"))),
    )
    graph = replace(graph, stages=stages)
    files = jenkins.render(graph, organisation)
    assert differences(views(graph), jenkins.read_back(files)) == []
    assert f"{jenkins.PODS}/gpu.yaml" in files


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (_graph(Job("ask", "", "cpu", (), approval=("prod",))), "asks for approval"),
        (_graph(Job("a", "", "cpu", ()), Job("b", "", "cpu", ()), b=("a-it",)), "no artifacts"),
        (
            _graph(
                Job("a", "", "cpu", (), RUN, per_environment=True),
                Job("b", "", "cpu", ()),
                b=("a-it",),
            ),
            "once per environment",
        ),
    ],
)
def test_what_jenkins_cannot_say_is_refused_with_the_cure(
    organisation: Platform, graph: Graph, said: str
) -> None:
    with pytest.raises(jenkins.NotRenderable, match=said):
        jenkins.render(graph, organisation)


def test_a_job_that_needs_a_rarer_one_is_refused(organisation: Platform) -> None:
    graph = _graph(Job("a", "", "cpu", (), RUN), Job("b", "", "cpu", ()), b=("a-it",))
    rare = replace(graph.stages["a-it"], when=(("event", ("tag",)),))
    graph = replace(graph, stages={**graph.stages, "a-it": rare})
    with pytest.raises(jenkins.NotRenderable, match="does not run on main"):
        jenkins.render(graph, organisation)


def test_the_help_names_every_argument() -> None:
    text = (LIBRARY / "vars" / "mlPipeline.txt").read_text()
    used = set(re.findall(r"config\.(\w+)", (REPO / jenkins.PIPELINE).read_text()))
    assert used == {"gleis", "environments", "gpus"}
    assert all(f"<dt>{name}</dt>" in text for name in used)
