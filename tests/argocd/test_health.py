"""The health checks of argocd/health, held against the cases beside them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import lua, rig
from .lua import Case

KINDS = {
    "jobset.x-k8s.io/JobSet",
    "kueue.x-k8s.io/ClusterQueue",
    "kueue.x-k8s.io/LocalQueue",
    "kueue.x-k8s.io/Workload",
    "ray.io/RayCluster",
    "ray.io/RayJob",
    "trainer.kubeflow.org/TrainJob",
}
FOLDERS = lua.folders()
CASES = [case for folder in FOLDERS for case in lua.cases(folder)]


def script(folder: Path) -> str:
    return (folder / "health.lua").read_text()


def wrong(text: str, folder: Path) -> list[str]:
    """The cases in which this script does not say what is expected."""
    return [
        str(case) for case in lua.cases(folder) if lua.health(text, case.object()) != case.expected
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_health_check_says_what_its_case_expects(case: Case) -> None:
    assert lua.health(script(case.folder), case.object()) == case.expected


def test_every_kind_that_argo_cd_does_not_know_has_a_check() -> None:
    assert {folder.relative_to(lua.HEALTH).as_posix() for folder in FOLDERS} == KINDS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_cases_of_a_kind_show_every_status_and_leave_no_file_out(folder: Path) -> None:
    cases = lua.cases(folder)
    assert len(cases) >= 6
    assert {case.expected["status"] for case in cases} == {
        "Healthy", "Progressing", "Degraded", "Suspended"
    }  # fmt: skip
    assert {case.file for case in cases} == set((folder / "testdata").glob("*"))
    for case in cases:
        item = case.object()
        assert f"{item['apiVersion'].partition('/')[0]}/{item['kind']}" == (
            folder.relative_to(lua.HEALTH).as_posix()
        )


def test_the_cases_are_objects_that_the_clusters_can_hold() -> None:
    if rig.crds() is None:
        pytest.skip("NOT RUN: no schemas of custom resources; set GLEIS_CRD_SCHEMAS")
    verdict = rig.validate([case.object() for case in CASES])
    assert not verdict.problems
    assert not verdict.unknown


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_cases_notice_a_check_that_always_says_healthy(folder: Path) -> None:
    assert len(wrong('return { status = "Healthy", message = "" }', folder)) == len(
        lua.cases(folder)
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_cases_notice_every_status_that_is_swapped_for_another(folder: Path) -> None:
    text = script(folder)
    found = list(re.finditer(r'status = "(\w+)"(?=, message)', text))
    assert found
    for each in found:
        other = "Degraded" if each[1] == "Healthy" else "Healthy"
        mutant = f'{text[: each.start()]}status = "{other}"{text[each.end() :]}'
        line = text.count("\n", 0, each.start()) + 1
        assert wrong(mutant, folder), f"no case reaches line {line} of {folder.name}/health.lua"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_object_that_nobody_looked_at_yet_is_on_its_way(folder: Path) -> None:
    item = lua.cases(folder)[0].object()
    for status in ({}, {"conditions": []}):
        said = lua.health(script(folder), {**item, "status": status})
        assert said["status"] == "Progressing"
    assert lua.health(script(folder), {})["status"] == "Progressing"


def without_one(node: Any) -> Iterator[Any]:
    """Copies of a value, each without one of the keys or entries anywhere within."""
    for key in node if isinstance(node, dict) else range(len(node)):
        less = copy.copy(node)
        del less[key]
        yield less
        if isinstance(node[key], dict | list):
            for inner in without_one(node[key]):
                more = copy.copy(node)
                more[key] = inner
                yield more


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_whatever_is_missing_a_check_still_answers(folder: Path) -> None:
    for case in lua.cases(folder):
        item = case.object()
        for status in without_one(item.get("status", {})):
            said = lua.health(script(folder), {**item, "status": status})
            assert said["message"], status
        for key in ("spec", "metadata"):
            lua.health(script(folder), {name: item[name] for name in item if name != key})


@pytest.mark.parametrize(
    "text",
    [
        'return { status = string.upper("healthy") }',
        'return { status = "Healthy", message = ("x"):rep(3) }',
        "return { status = math.huge }",
        'os.execute("true")',
        'io.open("/etc/passwd")',
        'require("os")',
        "return { status = python.eval }",
    ],
)
def test_a_check_cannot_use_what_argo_cd_does_not_open(text: str) -> None:
    from lupa.lua51 import LuaError

    with pytest.raises(LuaError):
        lua.health(text, {})
