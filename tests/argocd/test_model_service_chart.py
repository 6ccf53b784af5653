"""What runs of a project in an environment: exactly what its record says, and nothing before it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import yaml

from . import rig
from .rig.programs import REPO
from .services import CHART, SERVICES, kinds, metric, one, pod, rendered, values

Valid = Callable[[Iterable[Any]], None]

NOTHING = ("none", "none-released", "swarm", "nothing-promoted")
SOMETHING = [name for name in SERVICES if name not in NOTHING]
WHOLE = ("online-dev", "online-prod", "batch", "none", "nothing-promoted")
VARIANTS = (
    "rollout-gateway",
    "ingress",
    "keda",
    "kserve",
    "one-replica",
    "batch-store",
    "alertmanager-config",
)
# No schema of it is among those that the tests have; argocd/platform does without it.
UNKNOWN = "alertmanager-config"
SOURCE = REPO / "template" / "src" / "{{package}}"
MONITOR = SOURCE / "{% if online %}monitor.py{% endif %}"
SERVE = SOURCE / "{% if online %}serve.py{% endif %}"


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_rendered_is_what_was_reviewed(name: str, helm: int) -> None:
    rig.golden.compare(CHART, name, rendered(name, helm))


@pytest.mark.parametrize("name", VARIANTS)
def test_what_an_option_changes_is_what_was_reviewed(name: str, helm: int) -> None:
    usual = rendered(SERVICES[name][0], helm)

    rig.golden.compare(CHART, name, [each for each in rendered(name, helm) if each not in usual])


@pytest.mark.parametrize("name", [name for name in SOMETHING if name != UNKNOWN])
def test_every_object_is_valid_for_both_versions_of_kubernetes(name: str, valid: Valid) -> None:
    valid(rendered(name))


@pytest.mark.parametrize("name", NOTHING)
def test_without_a_release_or_a_service_nothing_is_rendered(name: str, helm: int) -> None:
    assert rendered(name, helm) == []


@pytest.mark.parametrize("name", SOMETHING)
def test_every_object_says_whose_it_is_and_lies_in_the_projects_namespace(name: str) -> None:
    record = values(name)
    tenant, environment = record["tenant"], record["environment"]
    for each in rendered(name):
        meta = each["metadata"]
        assert meta["namespace"] == tenant["namespaces"][environment]
        assert meta["name"].startswith(tenant["project"])
        assert meta["labels"]["gleis.dev/project"] == tenant["project"]
        assert meta["labels"]["gleis.dev/cost-center"] == tenant["costCenter"]
        assert meta["annotations"]["gleis.dev/owner"] == tenant["owner"]


@pytest.mark.parametrize("name", SOMETHING)
def test_images_are_named_by_their_digest_and_no_tag(name: str) -> None:
    release = values(name)["release"]
    for container in _containers(pod(rendered(name))):
        assert container["image"] == f"{release['image']}@{release['imageDigest']}"


@pytest.mark.parametrize("name", SOMETHING)
def test_pods_are_what_pod_security_calls_restricted_and_write_to_volumes_only(name: str) -> None:
    spec = pod(rendered(name))

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == values(name)["tenant"]["project"]
    for container in _containers(spec):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
        assert set(container["resources"]["requests"]) >= {"cpu", "memory"}


@pytest.mark.parametrize("name", SOMETHING)
def test_only_what_fetches_the_model_may_write_where_it_lies(name: str) -> None:
    for container in _containers(pod(rendered(name))):
        (mount,) = [each for each in container["volumeMounts"] if each["mountPath"] == "/model"]
        assert mount.get("readOnly", False) is (container["name"] != "fetch-model")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("online-dev", "Deployment"), ("online-prod", "Rollout"), ("kserve", "InferenceService")],
)
def test_one_thing_makes_the_pods(name: str, kind: str) -> None:
    workloads = {"Deployment", "Rollout", "InferenceService", "CronJob"}

    assert [each for each in kinds(rendered(name)) if each in workloads] == [kind]


@pytest.mark.parametrize("name", ["online-dev", "online-prod", "kserve"])
def test_probes_ask_what_the_service_of_the_template_answers(name: str) -> None:
    answered = set(re.findall(r'@app\.get\(f?"([^"]+)"\)', SERVE.read_text()))
    container = pod(rendered(name))["containers"][0]

    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] in answered
    assert container["ports"][0]["containerPort"] == 8080


def test_a_leaving_pod_has_the_time_that_the_service_takes_to_end_its_requests() -> None:
    (drain,) = re.findall(r"^DRAIN_SECONDS = (\d+)$", SERVE.read_text(), re.M)
    spec = pod(rendered("online-prod"))
    wait = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert spec["terminationGracePeriodSeconds"] > wait + int(drain)


@pytest.mark.parametrize("name", SOMETHING)
def test_what_selects_pods_selects_these(name: str) -> None:
    objects = rendered(name)
    labels = _pod_labels(objects)
    found = [selector for each in objects for selector in _selectors(each)]

    assert found
    for selector in found:
        assert selector.items() <= labels.items()


def test_kserve_is_told_its_mode_by_the_name_under_which_it_scales_by_cpu() -> None:
    service = one(rendered("kserve"), "InferenceService")

    assert service["spec"]["predictor"]["scaleMetric"] == "cpu"
    assert (
        service["metadata"]["annotations"].items()
        >= {
            "serving.kserve.io/deploymentMode": "Standard",
            "serving.kserve.io/autoscalerClass": "hpa",
        }.items()
    )


def test_replicas_and_their_limits_are_those_of_the_record() -> None:
    scaler = one(rendered("online-prod"), "HorizontalPodAutoscaler")["spec"]

    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 10)
    assert scaler["scaleTargetRef"]["kind"] == "Rollout"
    # Both would set the number, one against the other.
    assert "replicas" not in one(rendered("online-prod"), "Rollout")["spec"]


def test_a_single_replica_has_no_budget_that_could_only_block_a_drain() -> None:
    objects = rendered("one-replica")

    assert one(objects, "Deployment")["spec"]["replicas"] == 1
    assert not {"PodDisruptionBudget", "HorizontalPodAutoscaler"} & set(kinds(objects))


def test_a_service_sleeps_only_where_something_could_wake_it() -> None:
    record = values("keda")
    record["tenant"]["serving"]["replicas"] = {"min": 0, "max": 4}
    asleep = {"autoscaling": {"kind": "keda", "wakeQuery": "sum(gateway_waiting)"}}

    def least(objects: list[rig.Object]) -> int:
        return int(one(objects, "ScaledObject")["spec"]["minReplicaCount"])

    assert least(rig.render(4, CHART, record)) == 1
    assert least(rig.render(4, CHART, record, asleep)) == 0
    # What sleeps is not down.
    assert "ModelServiceDown" not in yaml.safe_dump(rig.render(4, CHART, record, asleep))


def test_each_step_of_a_rollout_is_measured_before_the_next() -> None:
    steps = one(rendered("online-prod"), "Rollout")["spec"]["strategy"]["canary"]["steps"]
    templates = {
        each["metadata"]["name"]
        for each in rendered("online-prod")
        if each["kind"] == "AnalysisTemplate"
    }

    assert [next(iter(step)) for step in steps] == ["setWeight", "pause", "analysis"] * 3
    for step in steps[2::3]:
        named = {each["templateName"] for each in step["analysis"]["templates"]}
        assert named == templates


def test_a_canary_is_held_to_the_promise_of_the_record() -> None:
    objects = rendered("online-prod")

    def condition(template: str) -> str:
        return str(metric(objects, f"bearing-wear-{template}")["successCondition"])

    assert condition("error-rate") == "len(result) > 0 && result[0] <= 0.005"
    assert condition("latency-p99") == "len(result) > 0 && result[0] <= 0.2"
    assert condition("prediction-shift") == "len(result) > 0 && result[0] <= 0.25"


def test_a_gateway_divides_the_requests_where_it_is_told_to() -> None:
    objects = rendered("rollout-gateway")
    canary = one(objects, "Rollout")["spec"]["strategy"]["canary"]
    (rule,) = one(objects, "HTTPRoute")["spec"]["rules"]
    services = {each["metadata"]["name"] for each in objects if each["kind"] == "Service"}

    assert {canary["stableService"], canary["canaryService"]} == services
    assert {each["name"] for each in rule["backendRefs"]} == services
    # Two Services have the same pods; both scraped, every request would count twice.
    chosen = one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    labels = [each["metadata"]["labels"] for each in objects if each["kind"] == "Service"]
    assert sum(chosen.items() <= each.items() for each in labels) == 1


def test_a_gateway_that_nobody_named_divides_nothing() -> None:
    record = values("rollout-gateway")
    record["platform"]["kubernetes"] = {"ingress": {"className": "nginx"}}

    assert "platform.kubernetes.ingress.gateway" in rig.run(4, CHART, record).stderr


@pytest.mark.parametrize(("name", "kind"), [("online-dev", "HTTPRoute"), ("ingress", "Ingress")])
def test_from_outside_only_the_inference_protocol_is_reached(name: str, kind: str) -> None:
    route = one(rendered(name), kind)
    text = yaml.safe_dump(route["spec"])

    assert "bearing-wear.dev.ml.example.com" in text
    assert re.findall(r"(?:value|path): (/\S+)", text) == ["/v2"]


def test_a_batch_waits_in_the_queue_and_ends_by_its_deadline() -> None:
    spec = one(rendered("batch"), "CronJob")["spec"]
    job = spec["jobTemplate"]

    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "default"
    assert job["spec"]["suspend"] is True
    assert job["spec"]["activeDeadlineSeconds"] == 2 * 60 * 60
    assert spec["concurrencyPolicy"] == "Forbid"
    assert kinds(rendered("batch")) == [
        "ConfigMap", "CronJob", "NetworkPolicy", "PersistentVolumeClaim", "PrometheusRule",
    ]  # fmt: skip


def test_a_batch_writes_to_the_volume_or_sends_to_the_store() -> None:
    volume, store = pod(rendered("batch")), pod(rendered("batch-store"))

    assert volume["containers"][0]["args"] == ["/batch/rows.parquet", "/batch/predictions.parquet"]
    assert [each["name"] for each in store["initContainers"]] == ["fetch-model", "predict"]
    assert store["initContainers"][1]["args"][0].startswith("s3://")
    assert store["containers"][0]["args"][1].startswith("s3://")
    assert "persistentVolumeClaim" not in yaml.safe_dump(store)


def test_scripts_of_pods_are_python_that_the_images_python_reads() -> None:
    scripts = [
        each["command"][2]
        for name in ("batch-store", "online-dev")
        for each in _containers(pod(rendered(name)))
        if each.get("command", [])[:2] == ["python", "-c"]
    ]

    assert len(scripts) == 3
    for script in scripts:
        ast.parse(script, feature_version=(3, 12))


def test_slow_requests_are_counted_by_a_bound_that_the_service_has() -> None:
    bounds = _bounds()
    written = (rig.CHARTS / CHART / "templates" / "_promql.tpl").read_text()
    (listed,) = re.findall(r"range list ((?:\"[\d.]+\" ?)+)", written)

    assert [float(each) for each in re.findall(r"[\d.]+", listed)] == bounds


@pytest.mark.parametrize(
    ("promised_ms", "bound"),
    [(1, "0.002"), (150, "0.1"), (200, "0.2"), (1000, "1.0"), (9000, "5.0")],
)
def test_a_promise_between_two_bounds_is_held_to_the_stricter(promised_ms: int, bound: str) -> None:
    record = values("online-prod")
    record["tenant"]["serving"]["slo"]["latencyP99Ms"] = promised_ms
    rule = yaml.safe_dump(one(rig.render(4, CHART, record), "PrometheusRule"), width=10_000)

    assert set(re.findall(r'le="([\d.]+)"', rule)) == {bound}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("release.imageDigest", "v1.2.3", "imageDigest"),
        ("release.image", "registry.example.com/ml/bearing-wear:latest", "image"),
        ("rollout.weight", [10], "weight"),
        ("autoscaling.kind", "vpa", "kind"),
        ("batch.output", "/tmp/gone.parquet", "output"),
        ("resources.limits.memory", None, "memory"),
        ("monitoring.pageIn", ["test"], "pageIn"),
    ],
)
def test_values_that_would_not_work_are_refused(
    path: str, value: Any, said: str, helm: int
) -> None:
    record = values("online-prod")
    *folders, last = path.split(".")
    node = record
    for folder in folders:
        node = node.setdefault(folder, {})
    node[last] = value
    done = rig.run(helm, CHART, record)

    assert done.returncode != 0
    assert said in done.stderr


def _containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from spec.get("initContainers", [])
    yield from spec["containers"]


def _selectors(item: rig.Object) -> Iterator[dict[str, str]]:
    """What an object picks pods by."""
    kind, spec = item["kind"], item.get("spec", {})
    if kind == "Service":
        yield spec["selector"]
    elif kind == "NetworkPolicy":
        yield spec["podSelector"]["matchLabels"]
    elif kind in ("Deployment", "Rollout", "PodDisruptionBudget", "PodMonitor"):
        yield spec["selector"]["matchLabels"]
        for spread in spec.get("template", {}).get("spec", {}).get("topologySpreadConstraints", []):
            yield spread["labelSelector"]["matchLabels"]


def _pod_labels(objects: list[rig.Object]) -> dict[str, str]:
    for each in objects:
        spec = each.get("spec", {})
        if each["kind"] in ("Deployment", "Rollout"):
            return spec["template"]["metadata"]["labels"]  # type: ignore[no-any-return]
        if each["kind"] == "CronJob":
            return spec["jobTemplate"]["spec"]["template"]["metadata"]["labels"]  # type: ignore[no-any-return]
        if each["kind"] == "InferenceService":
            return spec["predictor"]["labels"]  # type: ignore[no-any-return]
    raise AssertionError("nothing here makes pods")


def _bounds() -> list[float]:
    """The buckets of gleis_request_seconds, as the template's monitor.py has them."""
    for node in ast.walk(ast.parse(MONITOR.read_text())):
        if isinstance(node, ast.Call) and any(
            isinstance(each, ast.Constant) and each.value == "gleis_request_seconds"
            for each in node.args
        ):
            (buckets,) = [each.value for each in node.keywords if each.arg == "buckets"]
            return [float(each) for each in ast.literal_eval(buckets)]
    raise AssertionError("monitor.py has no gleis_request_seconds")
