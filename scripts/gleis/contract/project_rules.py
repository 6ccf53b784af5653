"""What no schema can say about project.yaml: how its fields fit together and fit the platform.

Each rule is one small function, registered under its name; a must-fail fixture in
`tests/contract/invalid/` names the rule that has to refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gleis.contract.document import Document
from gleis.contract.platform import Platform
from gleis.contract.problem import Problem, did_you_mean, shown
from gleis.contract.project import Project

TASK_METRICS = {
    "classification": ("f1_macro", "accuracy", "balanced_accuracy", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
TO_MINIMISE = frozenset({"log_loss", "rmse", "mae"})
WITHIN_ONE = frozenset({"f1_macro", "accuracy", "balanced_accuracy"})


@dataclass(frozen=True)
class Facts:
    """What a rule may look at. `columns` is None where no data contract can be read."""

    project: Project
    document: Document
    platform: Platform
    columns: frozenset[str] | None

    def problem(
        self, message: str, *pointer: str | int, allowed: str = "", hint: str = ""
    ) -> Problem:
        """A problem at `pointer`; the registry fills in the rule's name."""
        value = self.document.get(*pointer)
        return Problem("", message, self.document.position(*pointer), value, allowed, hint)


Rule = Callable[[Facts], Iterator[Problem]]
RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a rule as `project/<name>`."""

    def register(function: Rule) -> Rule:
        RULES[f"project/{name}"] = function
        return function

    return register


def check(
    project: Project, document: Document, platform: Platform, columns: frozenset[str] | None
) -> list[Problem]:
    """Every problem that a rule finds, in the file's order."""
    facts = Facts(project, document, platform, columns)
    found = [
        Problem(name, each.message, each.position, each.value, each.allowed, each.hint)
        for name, function in RULES.items()
        for each in function(facts)
    ]
    return sorted(found, key=lambda problem: problem.position)


@rule("team-exists")
def _team_exists(facts: Facts) -> Iterator[Problem]:
    name = facts.project.metadata.team
    known = [team.name for team in facts.platform.teams]
    if name not in known:
        yield facts.problem(
            f"no team {shown(name)} in platform.yaml",
            "metadata",
            "team",
            allowed=", ".join(known),
            hint=did_you_mean(name, known) or "A new team is added to platform.yaml first.",
        )


@rule("cost-center-exists")
def _cost_center_exists(facts: Facts) -> Iterator[Problem]:
    metadata = facts.project.metadata
    team = facts.platform.team(metadata.team)
    if team and metadata.cost_center != team.cost_center:
        yield facts.problem(
            f"cost centre {shown(metadata.cost_center)} is not that of team {team.name}",
            "metadata",
            "costCenter",
            allowed=team.cost_center,
        )


@rule("metric-fits-task")
def _metric_fits_task(facts: Facts) -> Iterator[Problem]:
    model = facts.project.model
    if model.metric.name not in TASK_METRICS[model.task]:
        yield facts.problem(
            f"{model.metric.name} does not measure {model.task}",
            "model",
            "metric",
            "name",
            allowed=", ".join(TASK_METRICS[model.task]),
        )


@rule("goal-fits-metric")
def _goal_fits_metric(facts: Facts) -> Iterator[Problem]:
    metric = facts.project.model.metric
    goal = "minimize" if metric.name in TO_MINIMISE else "maximize"
    if metric.goal != goal:
        yield facts.problem(
            f"{metric.name} is better the {'lower' if goal == 'minimize' else 'higher'} it is",
            "model",
            "metric",
            "goal",
            allowed=goal,
        )


@rule("floor-in-range")
def _floor_in_range(facts: Facts) -> Iterator[Problem]:
    metric = facts.project.model.metric
    if metric.name in WITHIN_ONE and not 0 <= metric.floor <= 1:
        yield facts.problem(
            f"{metric.name} lies between 0 and 1; a floor of {metric.floor:g} cannot be meant",
            "model",
            "metric",
            "floor",
            allowed="0 to 1",
        )
    if metric.name in TO_MINIMISE and metric.floor < 0:
        yield facts.problem(
            f"{metric.name} is never negative; no model can pass {metric.floor:g}",
            "model",
            "metric",
            "floor",
            allowed="0 or more",
        )


@rule("slice-columns-exist")
def _slice_columns_exist(facts: Facts) -> Iterator[Problem]:
    if facts.columns is None:
        return
    for index, column in enumerate(facts.project.model.metric.slices):
        if column not in facts.columns:
            yield facts.problem(
                f"slice column {shown(column)} is not in data-contract.yaml",
                "model",
                "metric",
                "slices",
                index,
                allowed=", ".join(sorted(facts.columns)),
                hint=did_you_mean(column, facts.columns),
            )


@rule("distributed-needs-nodes")
def _distributed_needs_nodes(facts: Facts) -> Iterator[Problem]:
    training = facts.project.training
    if training.engine == "distributed" and training.nodes < 2:
        yield facts.problem(
            "a distributed engine needs more than one node",
            "training",
            "nodes",
            allowed="2 or more, or engine: single",
        )


@rule("single-has-one-node")
def _single_has_one_node(facts: Facts) -> Iterator[Problem]:
    training = facts.project.training
    if training.engine == "single" and training.nodes > 1:
        yield facts.problem(
            f"engine: single uses one node, not {training.nodes}",
            "training",
            "nodes",
            allowed="1, or engine: distributed",
        )


@rule("distributed-framework")
def _distributed_framework(facts: Facts) -> Iterator[Problem]:
    project = facts.project
    if project.training.engine == "distributed" and project.model.framework == "sklearn":
        yield facts.problem(
            "scikit-learn trains in one process",
            "training",
            "engine",
            allowed="single, or framework: pytorch or tensorflow",
        )


@rule("gpu-type-none-forbids-gpus")
def _gpu_type_none(facts: Facts) -> Iterator[Problem]:
    training = facts.project.training
    if training.gpu_type == "none" and training.gpus_per_node:
        yield facts.problem(
            f"gpuType: none, yet {training.gpus_per_node} GPUs per node",
            "training",
            "gpusPerNode",
            allowed="0, or a gpuType",
        )


@rule("gpu-type-needs-gpus")
def _gpu_type_needs_gpus(facts: Facts) -> Iterator[Problem]:
    training = facts.project.training
    if training.gpu_type != "none" and not training.gpus_per_node:
        yield facts.problem(
            f"gpuType: {training.gpu_type}, yet no GPU per node",
            "training",
            "gpuType",
            allowed="none, or gpusPerNode of 1 or more",
        )


@rule("gpu-quota")
def _gpu_quota(facts: Facts) -> Iterator[Problem]:
    training = facts.project.training
    team = facts.platform.team(facts.project.metadata.team)
    wanted = training.nodes * training.gpus_per_node
    if team and wanted > team.quota.gpu:
        yield facts.problem(
            f"{training.nodes} × {training.gpus_per_node} = {wanted} GPUs are more than team "
            f"{team.name} may use at one time",
            "training",
            "gpusPerNode",
            allowed=f"{team.quota.gpu} GPUs in all",
        )


@rule("schedule-is-cron")
def _schedule_is_cron(facts: Facts) -> Iterator[Problem]:
    schedule = facts.project.training.schedule
    if schedule and not is_cron(schedule):
        yield facts.problem(
            f"{shown(schedule)} is not a cron expression",
            "training",
            "schedule",
            allowed='minute hour day month weekday, such as "0 3 * * 0"',
        )


@rule("replicas-in-order")
def _replicas_in_order(facts: Facts) -> Iterator[Problem]:
    replicas = facts.project.serving.replicas
    if replicas and replicas.min > replicas.max:
        yield facts.problem(
            f"at least {replicas.min} but at most {replicas.max} replicas",
            "serving",
            "replicas",
            "min",
            allowed=f"at most {replicas.max}",
        )


@rule("online-needs-slo")
def _online_needs_slo(facts: Facts) -> Iterator[Problem]:
    serving = facts.project.serving
    if serving.mode == "online" and (serving.slo is None or serving.replicas is None):
        lacking = "slo" if serving.slo is None else "replicas"
        yield facts.problem(f"an online service needs {lacking}", "serving", "mode")


@rule("cloud-enabled")
def _cloud_enabled(facts: Facts) -> Iterator[Problem]:
    name = facts.project.delivery.cloud
    enabled = [key for key, cloud in facts.platform.clouds.items() if cloud.enabled]
    if name not in enabled:
        yield facts.problem(
            f"{name} is not enabled in platform.yaml",
            "delivery",
            "cloud",
            allowed=", ".join(enabled),
        )


@rule("swarm-is-single")
def _swarm_is_single(facts: Facts) -> Iterator[Problem]:
    project = facts.project
    if project.delivery.target == "swarm" and project.training.engine == "distributed":
        yield facts.problem(
            "distributed training runs on Kubernetes", "delivery", "target", allowed="kubernetes"
        )


@rule("environments-in-order")
def _environments_in_order(facts: Facts) -> Iterator[Problem]:
    order = ("dev", "staging", "prod")
    environments = facts.project.delivery.environments
    if list(environments) != sorted(environments, key=order.index):
        yield facts.problem(
            "environments are promoted through in the order they are written",
            "delivery",
            "environments",
            allowed=", ".join(name for name in order if name in environments),
        )


_CRON_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_PART = re.compile(r"(\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")


def is_cron(text: str) -> bool:
    """Whether `text` has the five numeric cron fields that Kubernetes and GitHub both take."""
    fields = text.split()
    return len(fields) == len(_CRON_LIMITS) and all(
        _is_cron_part(part, low, high)
        for value, (low, high) in zip(fields, _CRON_LIMITS, strict=True)
        for part in value.split(",")
    )


def _is_cron_part(part: str, low: int, high: int) -> bool:
    match = _CRON_PART.fullmatch(part)
    if not match:
        return False
    _, first, last, step = match.groups()
    numbers = [int(number) for number in (first, last) if number]
    in_range = all(low <= number <= high for number in numbers) and numbers == sorted(numbers)
    return in_range and (step is None or int(step) > 0)
