"""What roll-outs, scaling and dashboards ask, a real Prometheus answers, and rightly."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from grafana_foundation_sdk.cog import encoder, plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from .monitoring import Prometheus, Series, prometheus
from .services import metric, one, rendered, rules
from .test_model_service_chart import MONITOR

NAMESPACE, MODEL = "drivetrain-bearing-wear-prod", "bearing-wear"
NOW = 1_795_600_000  # any time will do
HOUR = 3600
BOUNDS = ("0.05", "0.1", "0.2", "0.5", "1.0", "+Inf")  # those that matter here
TEMPLATES = ("error-rate", "latency-p99", "prediction-shift")
DASHBOARDS = ("online-prod", "kserve", "batch-prod")
# What is not the service's own: by kube-state-metrics, cAdvisor, Prometheus, the stage `monitor`.
OTHERS = {
    "up",
    "container_cpu_usage_seconds_total",
    "gleis_drift_score",
    "kube_cronjob_created",
    "kube_cronjob_status_last_successful_time",
    "kube_job_failed",
    "kube_job_status_completion_time",
    "kube_job_status_start_time",
}


def serving(
    release: str,
    *,
    requests: float = 2.0,
    failed: float = 0.0,
    slow: float = 0.0,
    worn: float = 0.2,
    predictions: float = 2.0,
) -> Iterator[Series]:
    """A release that answers `requests` a second, of which parts fail, are slow, predict `worn`.

    A request takes 60 ms, a slow one 400 ms.
    """
    pod = {
        "namespace": NAMESPACE, "model": MODEL, "pod": f"{MODEL}-{release}-1",
        "rollouts_pod_template_hash": release,
    }  # fmt: skip
    for code, part in (("200", 1 - failed), ("500", failed)):
        yield Series("gleis_requests_total", {**pod, "code": code}, requests * part)
    yield Series("gleis_request_seconds_count", pod, requests)
    for bound in BOUNDS:
        part = 0.0 if float(bound) < 0.1 else 1 - slow if float(bound) < 0.5 else 1.0
        yield Series("gleis_request_seconds_bucket", {**pod, "le": bound}, requests * part)
    for label, part in (("worn", worn), ("good", 1 - worn)):
        yield Series("gleis_predictions_total", {**pod, "class": label}, predictions * part)


def estimating(release: str, parts: dict[str, float]) -> Iterator[Series]:
    """A regression: the part of its predictions at or below each decile of its training target."""
    pod = {
        "namespace": NAMESPACE, "model": MODEL, "pod": f"{MODEL}-{release}-1",
        "rollouts_pod_template_hash": release,
    }  # fmt: skip
    for bound, part in {**parts, "+Inf": 1.0}.items():
        yield Series("gleis_predictions_bucket", {**pod, "le": bound}, 2.0 * part)
    yield Series("gleis_predictions_count", pod, 2.0)


def platform_series() -> Iterator[Series]:
    """What others than the service show of it."""
    where = {"namespace": NAMESPACE}
    pod = {**where, "pod": f"{MODEL}-stable-1"}
    yield Series("up", {**pod, "job": MODEL, "gleis_dev_model_version": "3"}, level=1)
    yield Series("container_cpu_usage_seconds_total", {**pod, "container": "service"}, 0.3)
    yield Series(
        "gleis_drift_score", {"model": MODEL, "environment": "prod", "column": "load"}, level=0.1
    )
    cron, job = {**where, "cronjob": MODEL}, {**where, "job_name": f"{MODEL}-29000000"}
    yield Series("kube_cronjob_created", cron, level=NOW - 90_000)
    yield Series("kube_cronjob_status_last_successful_time", cron, level=NOW - 7_200)
    yield Series("kube_job_status_start_time", job, level=NOW - 7_800)
    yield Series("kube_job_status_completion_time", job, level=NOW - 7_200)
    yield Series("kube_job_failed", {**job, "condition": "true"}, level=0)
    for group in rules("online-prod"):
        for rule in group["rules"]:
            if "record" in rule:
                yield Series(rule["record"], rule["labels"], level=0.001)


FED = [
    *serving("stable", requests=8.0),
    *serving("alike"),
    *serving("failing", failed=0.05),
    *serving("within", failed=0.004),
    *serving("slow", slow=0.1),
    *serving("other", worn=0.7),
    *serving("idle", requests=0.0, predictions=0.0),
    *serving("quiet", predictions=0.1),
    *estimating("old", {"10.0": 0.25, "20.0": 0.5, "30.0": 0.75}),
    *estimating("retrained", {"12.0": 0.25, "22.0": 0.5, "33.0": 0.75}),
    *estimating("higher", {"12.0": 0.0, "22.0": 0.1, "33.0": 0.4}),
    *platform_series(),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus with an hour of all of that."""
    with prometheus(tmp_path_factory.mktemp("prometheus"), FED, NOW, HOUR) as server:
        yield server


def verdict(server: Prometheus, template: str, canary: str, stable: str = "stable") -> str:
    """What Argo Rollouts makes of one measurement of a canary."""
    found = metric(rendered("online-prod"), f"{MODEL}-{template}")
    query = found["provider"]["prometheus"]["query"]
    query = query.replace("{{args.canary}}", canary).replace("{{args.stable}}", stable)
    assert "{{" not in query
    result = server.values(query)

    def holds(condition: str) -> bool:
        # The conditions are expressions of expr-lang, of which they use what Python has too.
        expression = condition.replace("&&", "and")
        return bool(eval(expression, {"__builtins__": {}, "len": len}, {"result": result}))

    good, bad = holds(found["successCondition"]), holds(found["failureCondition"])
    assert not (good and bad)
    return "success" if good else "failure" if bad else "inconclusive"


@pytest.mark.real
@pytest.mark.needs("prometheus")
@pytest.mark.parametrize(
    ("canary", "expected"),
    [
        ("alike", ("success", "success", "success")),
        ("failing", ("failure", "success", "success")),
        ("within", ("success", "success", "success")),
        ("slow", ("success", "failure", "success")),
        ("other", ("success", "success", "failure")),
        ("idle", ("inconclusive",) * 3),
        ("quiet", ("success", "success", "inconclusive")),
        ("nobody", ("inconclusive",) * 3),
    ],
)
def test_a_canary_is_judged_by_what_it_alone_did(
    canary: str, expected: tuple[str, ...], asked: Prometheus
) -> None:
    assert tuple(verdict(asked, each, canary) for each in TEMPLATES) == expected


@pytest.mark.real
@pytest.mark.needs("prometheus")
@pytest.mark.parametrize(("canary", "expected"), [("retrained", "success"), ("higher", "failure")])
def test_regressions_are_compared_though_their_deciles_differ(
    canary: str, expected: str, asked: Prometheus
) -> None:
    assert verdict(asked, "prediction-shift", canary, "old") == expected


@pytest.mark.real
@pytest.mark.needs("prometheus")
def test_the_shift_is_half_the_sum_of_the_differences_of_shares(asked: Prometheus) -> None:
    query = metric(rendered("online-prod"), f"{MODEL}-prediction-shift")["provider"]["prometheus"]
    told = query["query"].replace("{{args.canary}}", "other").replace("{{args.stable}}", "stable")

    assert asked.values(told) == pytest.approx([0.5], abs=0.001)  # 0.7 against 0.2


@pytest.mark.real
@pytest.mark.needs("prometheus")
def test_keda_scales_by_the_requests_of_all_replicas(asked: Prometheus) -> None:
    (trigger,) = one(rendered("keda"), "ScaledObject")["spec"]["triggers"]

    assert asked.values(trigger["metadata"]["query"]) == pytest.approx([8.0 + 6 * 2.0], rel=0.01)


def dashboard(name: str) -> dict[str, Any]:
    (text,) = one(rendered(name), "ConfigMap")["data"].values()
    found: dict[str, Any] = json.loads(text)
    return found


def queries(name: str) -> list[tuple[str, str, str]]:
    """Panel, legend and query of everything that a dashboard asks."""
    return [
        (panel["title"], target["legendFormat"], target["expr"])
        for panel in dashboard(name)["panels"]
        for target in panel["targets"]
    ]


@pytest.mark.real
@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_of_a_dashboard_finds_something(name: str, asked: Prometheus) -> None:
    for panel, legend, query in queries(name):
        found = asked.ask(query.replace("$__rate_interval", "2m"))
        assert found, f"{panel}, {legend}: {query}"
        for label in re.findall(r"\{\{(\w+)\}\}", legend):
            assert all(label in each["metric"] for each in found), f"{panel}: no label {label}"


@pytest.mark.real
@pytest.mark.needs("prometheus")
def test_panels_show_the_numbers_that_were_fed(asked: Prometheus) -> None:
    shown = {
        (panel, legend): asked.values(query.replace("$__rate_interval", "2m"))
        for panel, legend, query in queries("online-prod")
    }

    everything = 8.0 + 6 * 2.0
    failed = (2 * 0.05 + 2 * 0.004) / everything
    assert shown["Requests that the service failed on", "failed"] == pytest.approx([failed])
    assert shown["Requests over 0.2 s", "slow"] == pytest.approx([2 * 0.1 / everything])
    assert shown["Replicas that answer", "model v{{gleis_dev_model_version}}"] == [1]
    assert sum(shown["Requests", "{{code}}"]) == pytest.approx(everything)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafana_knows_every_field_of_a_dashboard(name: str) -> None:
    plugins.register_default_plugins()
    model = dashboard(name)
    known = json.loads(encoder.JSONEncoder().encode(Dashboard.from_json(deepcopy(model))))

    lost = [path for path in _paths(model) if path not in set(_paths(known))]
    assert not lost


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_a_place_of_their_own(name: str) -> None:
    panels = dashboard(name)["panels"]
    taken = [
        (x, y)
        for each in panels
        for x in range(each["gridPos"]["x"], each["gridPos"]["x"] + each["gridPos"]["w"])
        for y in range(each["gridPos"]["y"], each["gridPos"]["y"] + each["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert len({each["id"] for each in panels}) == len(panels)
    for each in panels:
        assert len({target["refId"] for target in each["targets"]}) == len(each["targets"])


def test_dashboards_of_two_environments_are_two() -> None:
    assert dashboard("online-dev")["uid"] != dashboard("online-prod")["uid"]
    assert len(dashboard("online-prod")["uid"]) <= 40  # what Grafana takes


def test_nothing_is_asked_for_that_nobody_shows() -> None:
    recorded = {rule.get("record") for group in rules("online-prod") for rule in group["rules"]}
    shown = OTHERS | recorded | _metrics_of_the_service()
    expressions = [query for name in DASHBOARDS for _, _, query in queries(name)]
    for name in ("online-prod", "batch-prod", "kserve"):
        expressions += [rule["expr"] for group in rules(name) for rule in group["rules"]]
    expressions += [
        metric(rendered("online-prod"), f"{MODEL}-{each}")["provider"]["prometheus"]["query"]
        for each in TEMPLATES
    ]
    asked_for = {
        name
        for expression in expressions
        for name in re.findall(r"\b((?:gleis|kube|container)[\w:]*|up)(?=\{)", expression)
    }

    assert asked_for
    assert asked_for <= shown


def _metrics_of_the_service() -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(MONITOR.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Counter", "Histogram"):
            name = ast.literal_eval(node.args[0])
            suffixes = ("",) if node.func.id == "Counter" else ("_bucket", "_count", "_sum")  # type: ignore[attr-defined]
            found |= {name + suffix for suffix in suffixes}
    return found


def _paths(node: Any, path: str = "") -> Iterator[str]:
    """Every leaf of a document, with its value."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _paths(value, f"{path}.{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _paths(value, f"{path}[{number}]")
    else:
        yield f"{path} = {node!r}"
