"""The rig itself: the programs are the pinned ones, and the validator refuses what is wrong."""

from __future__ import annotations

import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from . import rig
from .rig import programs

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "it", "namespace": "there", "labels": {"a": "b"}},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [
                    {"name": "it", "image": "it", "resources": {"limits": {"cpu": "500m"}}}
                ]
            },
        },
    },
}
QUEUE: dict[str, Any] = {
    "apiVersion": "kueue.x-k8s.io/v1beta2",
    "kind": "LocalQueue",
    "metadata": {"name": "default", "namespace": "there"},
    "spec": {"clusterQueue": "drivetrain"},
}


def test_each_helm_is_of_its_major_version(helm: int, tmp_path: Path) -> None:
    done = programs.run([str(rig.helm(helm)), "version", "--short"], tmp_path)

    assert done.stdout.startswith(f"v{helm}."), done.stderr


def test_kubectl_runs_and_reaches_no_cluster(tmp_path: Path) -> None:
    done = programs.run([str(rig.kubectl()), "version", "--client", "-o", "yaml"], tmp_path)

    assert yaml.safe_load(done.stdout)["clientVersion"]["gitVersion"].startswith("v1.")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("spec.replica", 3, "'replica' was unexpected"),
        ("spec.replicas", "three", '"three" is not of type'),
        ("spec.selector", None, '"selector" is a required property'),
        ("metadata.labels", {"owner": "team@example.com"}, "is no value of a label"),
        ("metadata.name", "It", "is no DNS-1123 name"),
        ("metadata.annotations", {"a": 1}, "is no text"),
        ("spec.template.metadata.labels", {"a": "x" * 64}, "is no value of a label"),
        ("spec.template.spec.containers", [{"name": "it", "img": "it"}], "'img' was unexpected"),
        ("spec.template.spec.overhead", {"cpu": "half a core"}, "does not match"),
    ],
)  # fmt: skip
def test_what_an_api_server_refuses_is_refused(path: str, value: Any, said: str) -> None:
    wrong = deepcopy(DEPLOYMENT)
    node = wrong
    *folders, last = path.split(".")
    for name in folders:
        node = node[name]
    if value is None:
        del node[last]
    else:
        node[last] = value

    assert not rig.validate([DEPLOYMENT]).problems
    assert any(said in each for each in rig.validate([wrong]).problems)


def test_custom_resources_are_held_to_their_schema_and_to_that_of_metadata() -> None:
    if rig.crds() is None:
        pytest.skip("NOT RUN: no schemas of custom resources here (GLEIS_CRD_SCHEMAS)")
    wrong = deepcopy(QUEUE)
    wrong["spec"]["clusterQue"] = "drivetrain"
    wrong["metadata"]["namespac"] = "there"

    assert rig.validate([QUEUE]) == rig.Verdict()
    problems = "\n".join(rig.validate([wrong]).problems)
    assert "'clusterQue' was unexpected" in problems
    assert "'namespac' was unexpected" in problems


def test_a_kind_that_nobody_knows_is_named() -> None:
    removed = {**DEPLOYMENT, "apiVersion": "extensions/v1beta1"}

    assert rig.validate([removed]).unknown == {
        "extensions/v1beta1 Deployment (1.34)",
        "extensions/v1beta1 Deployment (1.35)",
    }


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="twice in one mapping: a"):
        rig.parse("a: 1\na: 2\n")


def test_yaml_is_read_as_the_cluster_reads_it() -> None:
    (found,) = rig.parse("[12e4, 1.5e3, 2026-11-25, 1:30, 010, 0x10, -3, .5, 1_000, 08, v1, yes]")

    assert found == [120_000, 1500, "2026-11-25", "1:30", 8, 16, -3, 0.5, 1000, 8, "v1", True]


def test_thousands_of_objects_are_validated_in_seconds() -> None:
    rig.validate([DEPLOYMENT, QUEUE])
    started = time.monotonic()

    rig.validate([DEPLOYMENT, QUEUE] * 2_000)

    assert time.monotonic() - started < 10
