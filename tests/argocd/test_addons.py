"""The add-ons: pinned to what was read, told what their clusters know, in a size that fits."""

from __future__ import annotations

import http.server
import itertools
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.contract import ContractError
from gleis.contract import platform as platforms
from gleis.contract.platform_rules import UNPINNED
from gleis.gitops import compat
from gleis.gitops.argo import addons, clusters, node_pools, size, workspaces

ROOT = Path(__file__).parents[2]
PLATFORM = platforms.load()
REGISTERED = clusters.load(ROOT, PLATFORM)
ENABLED = addons.load(ROOT, PLATFORM, REGISTERED)
Valid = Callable[[Iterable[Any]], None]


def shared(name: str) -> Path | None:
    for parent in ROOT.parents:
        if (parent / "shared" / name).exists():
            return parent / "shared" / name
    return None


def test_versions_are_those_that_were_read(request: pytest.FixtureRequest) -> None:
    pins = shared("pins.yaml")
    if pins is None:
        pytest.skip("NOT RUN: ../shared/pins.yaml is not here, so nobody compared the versions")
    known = yaml.safe_load(pins.read_text())["charts"]
    read = {name.split()[0]: str(said).split()[0] for name, said in known.items()}
    assert {each.name: each.version for each in ENABLED} == {
        each.name: read[each.name] for each in ENABLED
    }


def test_every_folder_is_an_addon_that_platform_yaml_may_name() -> None:
    schema = json.loads((ROOT / "schemas/platform.schema.json").read_text())
    known = schema["properties"]["kubernetes"]["properties"]["addons"]["items"]["enum"]
    assert addons.names(ROOT) == known


def test_an_addon_has_a_version_here_or_in_platform_yaml() -> None:
    said = {
        name: yaml.safe_load((ROOT / addons.FOLDER / name / addons.FILE).read_text())["addon"]
        for name in addons.names(ROOT)
    }
    unpinned = {name for name, addon in said.items() if "version" not in addon}
    assert unpinned == set(UNPINNED)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("  version: 12.1.0\n", "", "addon/version"),
        ("name: velero", "name: velreo", "addon/folder"),
        ("<gleis.dev/backup-bucket>", "<gleis.dev/backup-bukcet>", "addon/fact"),
        ("version: 12.1.0", "version: latest", "schema/pattern"),
        ('"on": platform', '"on": everywhere', "schema/not-allowed"),
    ],
)
def test_a_broken_addon_is_refused(tmp_path: Path, old: str, new: str, rule: str) -> None:
    shutil.copytree(ROOT / addons.FOLDER, tmp_path / addons.FOLDER)
    file = tmp_path / addons.FOLDER / "velero" / addons.FILE
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ContractError) as caught:
        addons.load(tmp_path, PLATFORM, REGISTERED)
    assert rule in {problem.rule for problem in caught.value.problems}


def test_names_of_applications_fit() -> None:
    longest = max(addons.names(ROOT), key=len)
    assert len(f"{longest}-{'c' * 40}") <= 63


def test_node_pools_are_valid_and_no_larger_than_the_capacity(valid: Valid) -> None:
    texts = node_pools.render(PLATFORM, REGISTERED)
    made = [f"{node_pools.POOLS}/{name}.yaml" for name in ("ml-dev", "ml-staging", "ml-prod")]
    assert list(texts) == made
    objects = [each for text in texts.values() for each in yaml.safe_load_all(text)]
    valid(objects)
    (prod,) = [each for each in PLATFORM.clusters if each.name == "ml-prod"]
    assert prod.capacity is not None
    pools = {
        each["metadata"]["name"]: each["spec"]
        for each in yaml.safe_load_all(texts[f"{node_pools.POOLS}/ml-prod.yaml"])
        if each["kind"] == "NodePool"
    }
    assert pools["cpu"]["limits"] == {"cpu": prod.capacity.cpu}
    assert pools["a100"]["limits"] == {"nvidia.com/gpu": prod.capacity.gpu["a100"]}
    assert pools["a100"]["template"]["metadata"]["labels"] == {"gleis.dev/gpu-type": "a100"}


@pytest.mark.parametrize(
    ("projects", "letter", "shards"),
    [
        (1, "S", 1),
        (100, "S", 1),
        (101, "M", 1),
        (500, "M", 5),
        (501, "L", 5),
        (5000, "L", 7),
    ],
)
def test_the_size_follows_from_the_number_of_projects(
    projects: int, letter: str, shards: int
) -> None:
    found = size.size(projects, clusters=7)
    assert (found.letter, found.shards) == (letter, shards)


def test_a_thousand_applications_get_what_is_published_for_them() -> None:
    found = size.size(111, clusters=1)  # 999 Applications
    assert (found.status_processors, found.operation_processors) == (50, 25)


def test_more_projects_never_get_less() -> None:
    sizes = [size.size(projects, clusters=7) for projects in range(1, 6000, 37)]
    for one, more in itertools.pairwise(sizes):
        assert more.shards >= one.shards
        assert more.look_seconds >= one.look_seconds
        # Everything can be rendered anew within one look.
        capacity = more.repo_servers * size.PARALLEL * more.look_seconds
        assert capacity >= more.applications * size.RENDERED


def test_what_is_rendered_goes_together() -> None:
    known = compat.load(ROOT)
    assert set(known.components) == set(addons.names(ROOT)) - set(UNPINNED)
    versions = [(each.name, each.version) for each in ENABLED]
    assert compat.out_of_range(known, PLATFORM, versions) == []


def test_an_api_version_that_is_gone_is_refused_with_what_to_write() -> None:
    known = compat.load(ROOT)
    queue: dict[str, Any] = {"kind": "LocalQueue", "metadata": {"name": "default"}}
    queue["apiVersion"] = "kueue.x-k8s.io/v1beta1"
    current = {**queue, "apiVersion": "kueue.x-k8s.io/v1beta2"}
    other = {**queue, "apiVersion": "kueue.x-k8s.io/v1alpha1"}

    assert compat.removed(known, [queue, current]) == [
        "LocalQueue default: kueue.x-k8s.io/v1beta1 is no longer to be written (superseded "
        "in Kueue 0.15); write kueue.x-k8s.io/v1beta2"
    ]
    assert compat.unknown(known, [current]) == []
    (said,) = compat.unknown(known, [other])
    assert said.endswith("names of this group: kueue.x-k8s.io/v1beta2")


def test_a_pair_out_of_range_is_refused() -> None:
    known = compat.load(ROOT)
    old = tuple(
        replace(each, version="1.30") if each.name == "ml-dev" else each
        for each in PLATFORM.clusters
    )
    said = compat.out_of_range(
        known,
        replace(PLATFORM, clusters=old),
        [("kubeflow-trainer", "2.3.0"), ("karpenter", "1.15.0")],
    )
    assert said == [
        "the add-on karpenter is at 1.15.0, and argocd/platform/compat.yaml knows 1.14.1: read "
        "what the new one needs, and write it there",
        "cluster ml-dev has Kubernetes 1.30, and the platform goes with 1.34 to 1.35",
        "cluster ml-dev has Kubernetes 1.30, and the add-on kubeflow-trainer 2.3.0 goes with 1.31 "
        "to any",
    ]


@pytest.fixture
def mlflow() -> Iterator[tuple[str, list[str], list[str]]]:
    """An MLflow as far as workspaces go: its address, its workspaces, who asked for what."""
    names, asked = ["default", "vision", "gone"], []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"workspaces": [{"name": name} for name in names]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            names.append(body["name"])
            self._answer({"workspace": body})

        def _answer(self, value: Any) -> None:
            asked.append(f"{self.command} {self.path} {self.headers['Authorization']}")
            text = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", names, asked
    server.shutdown()
    server.server_close()


def ran(url: str) -> subprocess.CompletedProcess[str]:
    job = list(yaml.safe_load_all(workspaces.render(ROOT, PLATFORM)[workspaces.FILE]))
    wanted = job[0]["data"]["workspaces.json"]
    who = "admin"
    env = {"MLFLOW_URL": url, "MLFLOW_USER": who, "MLFLOW_PASSWORD": who, "WORKSPACES": wanted}
    argv = [sys.executable, "-I", str(ROOT / workspaces.SCRIPT)]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_each_team_gets_its_workspace_once(mlflow: tuple[str, list[str], list[str]]) -> None:
    url, names, asked = mlflow

    first = ran(url)
    second = ran(url)

    assert first.returncode == second.returncode == 0, first.stderr
    assert sorted(names) == ["default", "drivetrain", "gone", "platform", "quality", "vision"]
    assert len([each for each in asked if each.startswith("POST")]) == 3
    assert all(each.endswith(" Basic YWRtaW46YWRtaW4=") for each in asked)
    assert "the workspace gone is of no team any more" in second.stdout


def test_an_mlflow_that_is_not_there_is_named() -> None:
    done = ran("http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("MLflow cannot be reached at http://127.0.0.1:9")
    assert "Traceback" not in done.stderr


def test_the_sizes_in_the_docs_are_those_that_are_rendered() -> None:
    page = (ROOT / "docs/gitops.md").read_text()
    clusters_ = 1 + sum(each.kind == "kubernetes" for each in PLATFORM.clusters)
    for row in size.table(clusters_):
        assert f"| {' | '.join(row)} |" in page
