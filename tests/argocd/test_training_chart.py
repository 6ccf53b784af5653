"""What a run of each kind becomes, and which runs are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from gleis.gitops import batch
from gleis.gitops.batch import Item

from . import rig
from .cases import PLATFORM, RELEASE, tenant

Valid = Callable[[Iterable[Any]], None]

CHART = "model-training"
DIGEST = f"sha256:{'e' * 64}"
JUPYTER = {"image": "registry.example.com/ml/jupyter", "imageDigest": DIGEST}
TORCH = {
    "framework": "pytorch", "engine": "distributed", "nodes": 4, "gpusPerNode": 4,
    "gpuType": "a100", "maxHours": 12,
}  # fmt: skip
BUCKET = {"kind": "uri", "uri": "s3://example-ml-prod-checkpoints/"}


def values(run: dict[str, Any], environment: str = "prod", **record: Any) -> dict[str, Any]:
    return {
        "apiVersion": "gleis/v1",
        "kind": "TenantEnvironment",
        "tenant": tenant(**record),
        "environment": environment,
        "release": RELEASE,
        "platform": PLATFORM,
        "run": {"id": "4711", **run},
    }


CASES: dict[str, dict[str, Any]] = {
    "single-cpu": values({}),
    "single-gpu": values(
        {"retries": 1},
        quota={"gpu": 1},
        training={"framework": "pytorch", "gpusPerNode": 1, "gpuType": "t4", "maxHours": 0.5},
    ),
    "distributed-torch": values(
        {"checkpoints": BUCKET}, quota={"cpu": 64, "gpu": 16}, training=TORCH
    ),
    "distributed-tensorflow": values(
        {"checkpoints": {"storageClass": "shared-files"}},
        quota={"cpu": 64, "gpu": 16},
        training={**TORCH, "framework": "tensorflow", "nodes": 3, "gpusPerNode": 1},
    ),
    "sweep": values(
        {"mode": "sweep", "command": ["python", "-m", "bearing_wear.sweep", "--space", "wide net"],
         "checkpoints": {"kind": "none"}},
        quota={"gpu": 2},
        training={"gpusPerNode": 1, "gpuType": "l4"},
    ),
    "workspace": values(
        {"id": "notebook", "mode": "workspace", "cpu": 3, "workspace": {"gpus": 1}, **JUPYTER},
        environment="dev",
        quota={"gpu": 4},
        training={"gpuType": "t4"},
    ),
    "spot": values(
        {"spot": True, "priority": "low", "env": {"STEPS": 2000000, "RATE": 0.5},
         "secretEnv": ["bearing-wear"]},
        quota={"gpu": 1},
        training={"framework": "pytorch", "gpusPerNode": 1, "gpuType": "t4"},
    ),
    "scheduled": values({"id": "weekly", "scheduled": True}),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", CASES)


@cache
def _rendered(major: int, name: str) -> list[rig.Object]:
    return rig.render(major, CHART, CASES[name])


def rendered(name: str, major: int = 4) -> list[rig.Object]:
    return deepcopy(_rendered(major, name))


def changed(name: str, **run: Any) -> dict[str, Any]:
    found = deepcopy(CASES[name])
    return {**found, "run": {**found["run"], **run}}


def one(objects: list[rig.Object], kind: str) -> rig.Object:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def pods(node: Any) -> Iterator[Any]:
    """Every pod that a controller will make of these objects."""
    for each in node.values() if isinstance(node, dict) else node:
        if isinstance(each, dict) and "containers" in each.get("spec", {}):
            yield each
        elif isinstance(each, dict | list):
            yield from pods(each)


def queued(objects: list[rig.Object]) -> rig.Object:
    """What Kueue takes: the one object, or template of one, that asks for a queue."""

    def search(node: Any) -> Iterator[Any]:
        if isinstance(node, dict):
            labels = (node.get("metadata") or {}).get("labels") or {}
            if "kueue.x-k8s.io/queue-name" in labels:
                yield node
        for each in node.values() if isinstance(node, dict) else node:
            if isinstance(each, dict | list):
                yield from search(each)

    (found,) = search(objects)
    return dict(found)


def refused(given: dict[str, Any], major: int = 4) -> str:
    done = rig.run(major, CHART, given)
    assert done.returncode != 0, done.stdout
    return done.stderr


@EVERY
def test_what_is_rendered_is_what_was_reviewed(name: str, helm: int) -> None:
    rig.golden.compare(CHART, name, rendered(name, helm))


@EVERY
def test_every_object_is_valid_for_both_versions_of_kubernetes(name: str, valid: Valid) -> None:
    valid(rendered(name))


@EVERY
def test_one_object_waits_in_the_queue_and_has_an_end(name: str) -> None:
    job = queued(rendered(name))

    record = CASES[name]["tenant"]
    hours = 10 if name == "workspace" else record["training"]["maxHours"]
    labels = job["metadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "default"
    assert labels["kueue.x-k8s.io/max-exec-time-seconds"] == str(int(hours * 3600))
    assert job["spec"]["activeDeadlineSeconds"] == hours * 3600
    assert job["spec"]["suspend"] is True


@EVERY
def test_every_pod_is_restricted_paid_for_and_the_projects_own(name: str) -> None:
    found = list(pods(rendered(name)))

    assert found
    for pod in found:
        spec, labels = pod["spec"], pod["metadata"]["labels"]
        assert labels["gleis.dev/cost-center"] == "CC-4711"
        assert labels["gleis.dev/team"] == "drivetrain"
        assert labels["gleis.dev/project"] == "bearing-wear"
        assert labels["gleis.dev/environment"] == CASES[name]["environment"]
        assert spec["serviceAccountName"] == "bearing-wear"
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert re.fullmatch(r"registry\.example\.com/ml/[a-z-]+@sha256:[0-9a-f]{64}",
                            container["image"])  # fmt: skip
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])


@EVERY
def test_pods_with_gpus_go_where_such_gpus_are_and_no_others_do(name: str) -> None:
    training = CASES[name]["tenant"]["training"]
    for pod in pods(rendered(name)):
        spec = pod["spec"]
        gpus = spec["containers"][0]["resources"]["limits"].get("nvidia.com/gpu")
        taint = {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present",
                 "effect": "NoSchedule"}  # fmt: skip
        assert (taint in spec.get("tolerations", [])) is bool(gpus)
        wanted = training["gpuType"] if gpus else None
        assert spec.get("nodeSelector", {}).get("gleis.dev/gpu-type") == wanted


def test_only_who_asks_for_spot_gets_it() -> None:
    (pod,) = pods(rendered("spot"))
    assert pod["spec"]["nodeSelector"]["gleis.dev/capacity"] == "spot"
    assert {each["key"] for each in pod["spec"]["tolerations"]} >= {
        "gleis.dev/capacity", "kubernetes.azure.com/scalesetpriority", "cloud.google.com/gke-spot"
    }  # fmt: skip

    (pod,) = pods(rendered("single-gpu"))
    required = pod["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert required["nodeSelectorTerms"] == [
        {"matchExpressions": [{"key": "gleis.dev/capacity", "operator": "NotIn",
                               "values": ["spot"]}]}
    ]  # fmt: skip


def test_a_sweeps_head_stays_off_spot_though_its_workers_are_on_it() -> None:
    given = changed("sweep", spot=True, checkpoints=BUCKET)
    cluster = one(rig.render(4, CHART, given), "RayJob")["spec"]["rayClusterSpec"]

    head = cluster["headGroupSpec"]["template"]["spec"]
    (workers,) = cluster["workerGroupSpecs"]
    assert "nodeSelector" not in head
    assert workers["template"]["spec"]["nodeSelector"]["gleis.dev/capacity"] == "spot"
    assert workers["replicas"] == workers["maxReplicas"] == 2
    assert "nvidia.com/gpu" not in head["containers"][0]["resources"]["limits"]


def test_a_machine_that_was_taken_away_is_no_failed_try() -> None:
    job = one(rendered("spot"), "Job")["spec"]
    assert job["backoffLimit"] == 3
    assert job["podFailurePolicy"]["rules"][0] == {
        "action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]
    }  # fmt: skip

    runtime = one(rendered("distributed-torch"), "TrainingRuntime")["spec"]["template"]["spec"]
    (rule,) = runtime["failurePolicy"]["rules"]
    assert rule["action"] == "RestartJobSetAndIgnoreMaxRestarts"
    assert rule["onJobFailureReasons"] == ["PodFailurePolicy"]
    (node,) = runtime["replicatedJobs"]
    (rule,) = node["template"]["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert [each["type"] for each in rule["onPodConditions"]] == ["DisruptionTarget"]


def test_torchrun_is_started_by_trainer_on_every_machine_with_every_gpu() -> None:
    objects = rendered("distributed-torch")
    job, runtime = one(objects, "TrainJob"), one(objects, "TrainingRuntime")

    assert job["spec"]["runtimeRef"] == {
        "apiGroup": "trainer.kubeflow.org",
        "kind": "TrainingRuntime",
        "name": runtime["metadata"]["name"],
    }
    assert job["spec"]["trainer"]["numNodes"] == 4
    assert job["spec"]["trainer"]["numProcPerNode"] == 4
    assert runtime["spec"]["mlPolicy"] == {"numNodes": 4, "torch": {}}
    (node,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    labels = node["template"]["metadata"]["labels"]
    assert labels == {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    (container,) = node["template"]["spec"]["template"]["spec"]["containers"]
    assert (node["name"], container["name"]) == ("node", "node")
    assert container["command"][-1].endswith("exec torchrun -m bearing_wear.train")
    assert container["resources"] == job["spec"]["trainer"]["resourcesPerNode"]


def test_tensorflows_workers_know_each_other_by_the_names_that_jobset_gives() -> None:
    objects = rendered("distributed-tensorflow")
    runtime = one(objects, "TrainingRuntime")
    name = one(objects, "TrainJob")["metadata"]["name"]

    (pod,) = pods(runtime)
    env = pod["spec"]["containers"][0]["env"]
    order = [each["name"] for each in env]
    assert order.index("JOB_COMPLETION_INDEX") < order.index("TF_CONFIG")
    written = env[order.index("TF_CONFIG")]["value"]
    # The kubelet puts the index in; the last of three workers reads this:
    config = json.loads(written.replace("$(JOB_COMPLETION_INDEX)", "2"))
    assert config == {
        "cluster": {"worker": [f"{name}-node-0-{index}.{name}:2222" for index in range(3)]},
        "task": {"type": "worker", "index": 2},
    }
    assert runtime["spec"]["mlPolicy"] == {"numNodes": 3}


@pytest.mark.parametrize("name", ["distributed-torch", "distributed-tensorflow", "sweep"])
def test_machines_of_one_run_may_talk_to_each_other_and_to_no_other_run(name: str) -> None:
    policy = one(rendered(name), "NetworkPolicy")["spec"]
    label = {"gleis.dev/run": "bearing-wear-4711"}

    assert policy["podSelector"] == {"matchLabels": label}
    assert policy["ingress"][0] == {"from": [{"podSelector": {"matchLabels": label}}]}
    assert policy["egress"] == [{"to": [{"podSelector": {"matchLabels": label}}]}]
    for pod in pods(rendered(name)):
        assert pod["metadata"]["labels"]["gleis.dev/run"] == "bearing-wear-4711"


def test_a_sweeps_line_is_quoted_for_the_shell_that_ray_gives_it_to() -> None:
    line = one(rendered("sweep"), "RayJob")["spec"]["entrypoint"]
    assert line == "python -m bearing_wear.sweep --space 'wide net'"


def test_checkpoints_lie_where_the_run_is_told() -> None:
    def told(name: str) -> Any:
        pod = next(pods(rendered(name)))
        env = {each["name"]: each.get("value") for each in pod["spec"]["containers"][0]["env"]}
        return env.get("GLEIS_CHECKPOINTS")

    assert told("distributed-torch") == "s3://example-ml-prod-checkpoints/4711"
    assert told("single-cpu") == "/checkpoints"
    assert told("sweep") is None
    claim = one(rendered("single-cpu"), "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    (pod,) = pods(rendered("single-cpu"))
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    assert volumes["checkpoints"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    shared = one(rendered("distributed-tensorflow"), "PersistentVolumeClaim")["spec"]
    assert shared["accessModes"] == ["ReadWriteMany"]


def test_a_workspace_ends_by_itself_and_keeps_its_files() -> None:
    objects = rendered("workspace")
    job = one(objects, "Job")["spec"]
    (pod,) = pods(objects)
    command = pod["spec"]["containers"][0]["command"]

    assert "--ServerApp.shutdown_no_activity_timeout=7200" in command
    assert "--MappingKernelManager.cull_idle_timeout=7200" in command
    assert "--MappingKernelManager.cull_connected=True" in command
    assert "--ip=127.0.0.1" in command
    assert pod["spec"]["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in job  # gone, it would be made and started again
    claim = one(objects, "PersistentVolumeClaim")["metadata"]
    assert claim["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=confirm,Delete=confirm"


def test_a_schedule_makes_jobs_that_kueue_takes_one_at_a_time() -> None:
    spec = one(rendered("scheduled"), "CronJob")["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 3 * * 0", "Etc/UTC")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["ttlSecondsAfterFinished"] == 24 * 3600


def test_names_fit_what_jobset_and_ray_hang_behind_them() -> None:
    given = {**changed("distributed-torch", id="a" * 20), "tenant": tenant(
        "p" * 40, quota={"cpu": 64, "gpu": 16}, training=TORCH)}  # fmt: skip
    name = one(rig.render(4, CHART, given), "TrainJob")["metadata"]["name"]
    assert len(f"{name}-node-0-63-xxxxx") <= 63


def test_a_number_reaches_the_run_as_it_was_written() -> None:
    (pod,) = pods(rendered("spot"))
    env = {each["name"]: each.get("value") for each in pod["spec"]["containers"][0]["env"]}
    assert (env["STEPS"], env["RATE"]) == ("2000000", "0.5")


def test_many_runs_in_one_call_of_helm_come_out_as_one_by_one(helm: int) -> None:
    shared = {"platform": PLATFORM}
    items = [
        Item(CHART, "it", "default", {key: each[key] for key in each if key not in shared})
        for each in CASES.values()
    ]

    def ordered(objects: Iterable[rig.Object]) -> list[str]:
        return sorted(json.dumps(each, sort_keys=True) for each in objects)

    many = batch.render(items, shared=shared, helm=rig.helm(helm))
    for name, found in zip(CASES, many, strict=True):
        assert not found.problems
        assert ordered(found.objects) == ordered(rendered(name, helm)), name


REFUSED = [
    (changed("single-cpu", id="Run_1"), "run.id|/run/id"),
    (changed("single-cpu", mode="play"), "run.mode|/run/mode"),
    (changed("single-cpu", memory="16GB"), "run.memory|/run/memory"),
    (changed("single-cpu", gpu=1), "gpu"),
    (changed("single-cpu", imageDigest="latest"), "imageDigest"),
    (changed("single-cpu", env={"PET_NNODES": "9"}), "PET_NNODES"),
    (changed("single-cpu", image="registry.example.com/ml/x"), "belong together"),
    ({**CASES["single-cpu"], "release": {}}, "nothing is promoted to prod yet"),
    ({**CASES["single-cpu"], "environment": "dev",
      "tenant": {**tenant(), "environments": ["prod"]}}, "not onboarded for dev"),
    ({**CASES["single-cpu"], "tenant": {
        key: value for key, value in tenant().items() if key != "training"}},
     "gleis tenant add --update"),
    (values({}, serving={"target": "swarm"}), "is for Kubernetes"),
    (values({}, training={"engine": "distributed", "nodes": 2}), "scikit-learn does not train"),
    (values({}, training={"nodes": 2}), "set it to distributed"),
    (values({}, quota={"gpu": 1}, training={"gpusPerNode": 1}), "of no type"),
    (changed("single-cpu", cpu=15), "asks for 15 CPU cores, the project's quota is 14"),
    (values({"checkpoints": BUCKET}, quota={"cpu": 64, "gpu": 15}, training=TORCH),
     "asks for 16 GPUs, the project's quota is 15"),
    (changed("workspace", cpu=4), "a workspace's share .* is 3.5"),
    (changed("workspace", workspace={"gpus": 2}, cpu=1), "asks for 2 GPUs, a workspace's share"),
    ({**CASES["workspace"], "environment": "prod"}, "take dev or staging"),
    (changed("workspace", image="", imageDigest=""), "needs an image that holds JupyterLab"),
    (changed("distributed-torch", checkpoints={"kind": "volume"}), "cannot share a volume"),
    (changed("distributed-torch", checkpoints={"kind": "uri"}), "checkpoints.uri is empty"),
    (changed("distributed-torch", scheduled=True), "is started by the pipeline"),
    (changed("spot", checkpoints={"kind": "none"}), "spot without checkpoints"),
    ({**CASES["scheduled"], "tenant": {
        key: value for key, value in tenant().items() if key != "schedule"}},
     "scheduled without a schedule"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_a_run_that_cannot_work_is_refused_with_the_reason(
    given: dict[str, Any], why: str, helm: int
) -> None:
    assert re.search(why, refused(given, helm))
