"""The graph as two reusable workflows, put together line by line."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Sequence
from functools import cache

import gleis
from gleis import resources
from gleis.contract import document
from gleis.contract.platform import Platform
from gleis.pipeline.ci import JobView, view
from gleis.pipeline.ci.github.words import (
    ENVIRONMENTS,
    EVENTS,
    FIRST,
    OK,
    PIPELINE,
    SCHEDULE,
    SETUPS,
    WATCHED,
)
from gleis.pipeline.graph import Graph, Job

_RUNNERS = {
    "cpu": "Label of the runners that check and deliver",
    "training": "Label of the runners that train",
    "docker": "Label of the runners that can build images",
}


def render(graph: Graph, platform: Platform) -> dict[str, str]:
    """The pipeline that a repo calls for a change, and the one that it calls on a schedule.

    What needs nothing, is needed by nothing and never runs for a change (`watch`) stands in the
    second one only, beside the whole pipeline: a workflow that is called from another repository
    has no way to call its neighbour that every runner understands.
    """
    aside = [job for job in graph.jobs.values() if _is_aside(graph, job)]
    within = [job for job in graph.jobs.values() if job not in aside]
    pipeline = [*_head("ml-pipeline", _ABOUT_PIPELINE), *_inputs(graph, within)]
    pipeline += [*_rights("ml-pipeline", " && github.event_name == 'pull_request'"), "jobs:"]
    for job in within:
        pipeline += _job(graph, job, platform, FIRST)
    schedule = [*_head("ml-schedule", _ABOUT_SCHEDULE), *_inputs(graph, graph.jobs.values(), True)]
    schedule += [*_rights("ml-schedule"), "jobs:"]
    for job in graph.jobs.values():
        schedule += _job(graph, job, platform, WATCHED if job in aside else FIRST)
    return {PIPELINE: "\n".join(pipeline) + "\n", SCHEDULE: "\n".join(schedule) + "\n"}


_ABOUT_PIPELINE = "The pipeline of an ML repo: called for a change, a tag, or by hand."
_ABOUT_SCHEDULE = "Called on a schedule or when the world has drifted: retrain, and watch."


def _is_aside(graph: Graph, job: Job) -> bool:
    events = graph.allowed(job.id, "event")
    alone = not graph.needs_of(job.id) and all(
        job.id not in graph.needs_of(other) for other in graph.jobs
    )
    return alone and events is not None and not set(events) - {"schedule", "drift"}


def _head(name: str, about: str) -> list[str]:
    return [
        "# Rendered from ci/pipeline.yaml by `gleis render`: edit that file, not this one.",
        f"# {about}",
        "# It names no repository of its own: the caller says which commit of which platform runs.",
        f"name: {name}",
        "on:",
        "  workflow_call:",
    ]


def _inputs(graph: Graph, jobs: Iterable[Job], watched: bool = False) -> list[str]:
    lines = [
        "    inputs:",
        *_input("gleis", "Commit of the platform that brings the command `gleis`"),
        *_input("platform", "Repository of the platform, as owner/name"),
        *_input("environments", "JSON list of environments to deliver to", '["dev"]'),
    ]
    if watched:
        lines += _input("watched", "Environment whose predictions are watched", ENVIRONMENTS[-1])
    for name, about in _RUNNERS.items():
        lines += _input(f"runner-{name}", about, "ubuntu-latest")
    secrets = {
        secret.name: secret.why
        for job in jobs
        for stage in graph.stages_of(job.id)
        for secret in stage.secrets
    }
    if secrets:
        lines.append("    secrets:")
    for name, why in secrets.items():
        lines.append(f"      {name}:")
        lines += [f"        description: {_quoted(why)}", "        required: false"]
    return lines


def _input(name: str, about: str, default: str | None = None) -> list[str]:
    given = "required: true" if default is None else f"default: {_quoted(default)}"
    return [
        f"      {name}:",
        f"        description: {_quoted(about)}",
        f"        {given}",
        "        type: string",
    ]


def _rights(group: str, cancel: str = "") -> list[str]:
    cancelled = "${{ " + cancel.removeprefix(" && ") + " }}" if cancel else "false"
    return [
        "permissions: {}",
        "concurrency:",
        f"  group: {group}-${{{{ github.ref }}}}",
        f"  cancel-in-progress: {cancelled}",
    ]


def _job(graph: Graph, job: Job, platform: Platform, environment: str) -> list[str]:
    """The job; one that is per environment once for each, one after another."""
    wanted = view(graph, job)
    if not job.per_environment:
        return _one_job(graph, job, wanted, platform, job.id, environment, ())
    lines: list[str] = []
    earlier: list[str] = []
    for name in wanted.environments or ENVIRONMENTS:
        lines += _one_job(graph, job, wanted, platform, f"{job.id}-{name}", name, tuple(earlier))
        earlier.append(f"{job.id}-{name}")
    return lines


def _one_job(
    graph: Graph,
    job: Job,
    wanted: JobView,
    platform: Platform,
    name: str,
    environment: str,
    earlier: tuple[str, ...],
) -> list[str]:
    needs = [*wanted.needs, *earlier]
    lines = [f"  # {job.why}", f"  {name}:", f"    name: {name}"]
    if needs:
        lines.append(f"    needs: [{', '.join(needs)}]")
    lines += _condition(wanted, environment, earlier)
    lines.append(f"    runs-on: ${{{{ inputs.runner-{wanted.runner} }}}}")
    lines.append(f"    timeout-minutes: {wanted.timeout_minutes}")
    if job.per_environment:
        # Its name is in the subject of the identity token, so that a cloud's role fits one alone.
        why = " # its reviewers approve before it starts" if environment in wanted.approval else ""
        lines.append(f"    environment: {environment}{why}")
    if wanted.concurrency:
        group = wanted.concurrency + (f"-{environment}" if job.per_environment else "")
        lines += ["    concurrency:", f"      group: {group}", "      cancel-in-progress: false"]
    if job.permissions:
        lines.append("    permissions:")
        lines += [f"      {each.scope}: {each.access} # {each.why}" for each in job.permissions]
    else:
        lines.append("    permissions: {}")
    lines.append("    steps:")
    lines += _preparation()
    lines += [line for tool in wanted.tools for line in _setup(tool)]
    for need in wanted.needs:
        lines += _download(graph.jobs[need])
    lines += _run(wanted, platform, environment)
    lines += _uploads(graph, job, name)
    return lines


def _condition(wanted: JobView, environment: str, earlier: tuple[str, ...]) -> list[str]:
    """The job's `if`: a conjunction, one term a line; none where the job always runs.

    With a skipped environment before it, a job must say itself that what it needs has passed.
    """
    terms = []
    if wanted.per_environment:
        terms.append("!cancelled()")
        terms += [f"needs.{need}.result == 'success'" for need in wanted.needs]
        terms += [f"contains(fromJSON({OK}), needs.{name}.result)" for name in earlier]
        terms.append(f"contains(fromJSON(inputs.environments), '{environment}')")
    subject = f"'{environment}'" if wanted.per_environment else environment
    if wanted.environments is not None:
        listed = json.dumps(list(wanted.environments))
        terms.append(f"contains(fromJSON('{listed}'), {subject})")
    if wanted.events is not None:
        events = "\n      || ".join(f"({EVENTS[name]})" for name in wanted.events)
        terms.append(f"({events})")
    if not terms:
        return []
    return ["    if: >-", "      ${{ " + "\n      && ".join(terms) + " }}"]


def _preparation() -> list[str]:
    return [
        "      - name: Check out the project",
        f"        uses: {_action('actions/checkout')}",
        "        with:",
        "          persist-credentials: false",
        "      - name: Get uv and its cache",
        f"        uses: {_action('astral-sh/setup-uv')}",
        "        with:",
        "          enable-cache: ${{ github.ref_type != 'tag' }}",
        "          cache-dependency-glob: requirements.lock",
    ]


def _setup(tool: str) -> list[str]:
    action, given = SETUPS[tool]
    version = document.load(resources.path("ci/tools.yaml")).data[tool]["version"]
    return [
        f"      - name: Get {tool}",
        f"        uses: {_action(action)}",
        "        with:",
        *(f"          {name}: {value.replace('@', version)}" for name, value in given.items()),
    ]


def _download(job: Job) -> list[str]:
    if not job.artifacts:
        return []
    return [
        f"      - name: Take over from {job.id}",
        f"        uses: {_action('actions/download-artifact')}",
        "        with:",
        f"          name: gleis-{job.id}",
        f"          path: {_common(job.artifacts)}",
    ]


def _run(wanted: JobView, platform: Platform, environment: str) -> list[str]:
    """One worker process for all stages. Inputs reach the shell as variables, never as text."""
    said = environment if wanted.per_environment else f"${{{{ {environment} }}}}"
    stages = " ".join(f"--stage {stage}" for stage in wanted.stages)
    asks = environment in wanted.approval  # `gleis run` then asks who approved it
    default, index = _default_source(platform)
    return [
        f"      - name: {', '.join(wanted.stages)}",
        "        env:",
        f"          GLEIS_ENVIRONMENT: {said}",
        "          GLEIS_PLATFORM_REPOSITORY: ${{ inputs.platform }}",
        "          GLEIS_REVISION: ${{ inputs.gleis }}",
        "          GLEIS_SOURCE: ${{ vars.GLEIS_SOURCE }}",
        "          MLFLOW_TRACKING_URI: ${{ vars.MLFLOW_TRACKING_URI }}",
        *([f"          UV_INDEX: {_quoted(index)}"] if index else []),
        *(f"          {name}: ${{{{ secrets.{name} }}}}" for name in wanted.secrets),
        *(["          GITHUB_TOKEN: ${{ github.token }}"] if asks else []),
        "        run: >-",
        f'          uvx --from "${{GLEIS_SOURCE:-{default}}}"',
        '          gleis run --environment "${GLEIS_ENVIRONMENT}"',
        f"          {stages}",
    ]


def _default_source(platform: Platform) -> tuple[str, str]:
    """What uvx installs, and the index that it asks beside its own (empty for none)."""
    match platform.distribution.source:
        case "index":
            return f"gleis=={gleis.__version__}", platform.distribution.location
        case "path":
            return platform.distribution.location, ""
    server = "${GITHUB_SERVER_URL}/${GLEIS_PLATFORM_REPOSITORY}@${GLEIS_REVISION}"
    return f"git+{server}", ""


def _uploads(graph: Graph, job: Job, name: str) -> list[str]:
    reports = [
        output
        for stage in graph.stages_of(job.id)
        for output in stage.outputs
        if output.endswith((".xml", ".sarif"))
    ]
    lines = _upload(f"gleis-{name}", f"Keep what {name} made", job.artifacts)
    return lines + _upload(f"reports-{name}", f"Keep the reports of {name}", reports)


def _upload(artifact: str, title: str, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    return [
        f"      - name: {title}",
        "        if: always()",
        f"        uses: {_action('actions/upload-artifact')}",
        "        with:",
        f"          name: {artifact}",
        "          path: |",
        *(f"            {path}" for path in paths),
        "          if-no-files-found: ignore",
        "          include-hidden-files: true",
        "          overwrite: true",
    ]


def _common(artifacts: Sequence[str]) -> str:
    """What upload-artifact takes as the root of an artifact: the deepest folder that holds all."""
    return posixpath.commonpath(artifacts)


@cache
def _actions() -> dict[str, dict[str, str]]:
    data: dict[str, dict[str, str]] = document.load(resources.path("ci/actions.yaml")).data
    return data


def _action(name: str) -> str:
    pin = _actions()[name]
    return f"{name}@{pin['sha']} # {pin['version']}"


def _quoted(text: str) -> str:
    """`text` as a YAML scalar."""
    if '"' in text and "'" not in text and "\n" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)  # JSON's strings are YAML's
