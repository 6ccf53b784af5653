"""Writes the declarative pipeline, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gleis.contract.platform import Platform
from gleis.errors import GleisError
from gleis.pipeline.ci import JobView, view
from gleis.pipeline.graph import Graph, Job

ENVIRONMENTS = ("dev", "staging", "prod")
# The one command of every job; values come from the environment, never from Groovy.
COMMAND = (
    'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT"'
)
# What `id-token` becomes: a token of the oidc-provider plugin, in a file for as long as the job.
IDENTITY, IDENTITY_FILE = "gleis-oidc", "GLEIS_OIDC_TOKEN_FILE"


class NotRenderable(GleisError):
    """The graph asks for something that a declarative pipeline cannot say."""


def groovy(graph: Graph, platform: Platform) -> str:
    """`mlPipeline.groovy`. Raises NotRenderable."""
    lines = [*_HEAD]
    for step in _steps(graph):
        lines += _side_by_side(graph, step) if len(step) > 1 else _job(graph, step[0], 3, False)
    text = "\n".join([*lines, *_FOOT]) + "\n"
    for name, value in (
        ("@BODIES@", "".join(f"{line}\n" for line in _bodies(graph))),
        ("@SOURCE@", _source(platform)),
        ("@PLATFORM@", _approvers(platform)),
    ):
        text = text.replace(name, value)
    return text


_HEAD = """\
// Rendered from ci/pipeline.yaml by `gleis render`: edit that file, not this one. `gleis run` decides; mlPipeline.txt helps.
// What started the build, in the graph's words; what is not known is what may do least.
String eventOf() {
    if (env.CHANGE_ID) { return 'pull-request' }
    if (env.TAG_NAME) { return 'tag' }
    if (env.BRANCH_NAME != 'main') { return 'pull-request' }
    if (params.GLEIS_EVENT) { return params.GLEIS_EVENT }
    if (currentBuild.getBuildCauses('hudson.triggers.TimerTrigger$TimerTriggerCause')) { return 'schedule' }
    return currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause') ? 'manual' : 'main'
}

// The agent for a runner of the graph; `as int` lets nothing but a number into the YAML.
String pod(String runner, Map config) {
    return libraryResource("pods/${runner}.yaml").replace('nvidia.com/gpu: 0', "nvidia.com/gpu: ${(config.gpus ?: 0) as int}")
}

@BODIES@// Evidence goes under the stage's name: agents of one build would overwrite each other's.
void publish() {
    sh 'mkdir -p ".gleis/ci/$STAGE_NAME"; if [ -d .gleis/run ]; then cp -R .gleis/run/. ".gleis/ci/$STAGE_NAME/"; fi'
    junit(testResults: '.gleis/out/*.xml', allowEmptyResults: true)
    recordIssues(enabledForFailure: true, tools: [sarif(pattern: '.gleis/ci/**/*.sarif')])
    archiveArtifacts(artifacts: '.gleis/ci/**', allowEmptyArchive: true)
}

void call(Map config) {
    if (!(config.gleis ==~ '[0-9a-f]{40}')) { error 'mlPipeline(gleis: …) wants the 40 digits of a commit' }
    List environments = config.environments ?: ['dev', 'staging', 'prod']
    List place = env.JOB_NAME.tokenize('/') // …/team/project/branch: made by jenkins/jobs, not by the repo
    String project = place[0..-2].join('/')
    String event = eventOf()
    pipeline {
        agent none
        options { disableConcurrentBuilds(); buildDiscarder(logRotator(numToKeepStr: '50')) }
        parameters { choice(name: 'GLEIS_EVENT', choices: ['', 'schedule', 'drift'], description: 'Empty: found out') }
        environment {
            GLEIS_SOURCE = "${env.GLEIS_SOURCE ?: @SOURCE@}"
            GLEIS_ENVIRONMENT = "${environments.first()}"
            GLEIS_EVENT = "${event}"
        }
        stages {""".splitlines()  # noqa: E501
_FOOT = ["        }", "    }", "}"]


def _source(platform: Platform) -> str:
    """Where `uvx` gets gleis from, as a Groovy expression, unless the controller says otherwise."""
    made = platform.distribution
    if made.source == "path":
        return _quoted(made.location)
    if made.source == "index":
        return f"{_quoted(made.location.rstrip('/') + '/')} + config.gleis"
    git = platform.git
    return f"{_quoted(f'git+https://{git.host}/{git.owner}/{git.repository}@')} + config.gleis"


def _approvers(platform: Platform) -> str:
    owners = [team.name for team in platform.teams if team.name == "platform"]
    return "".join(f",{name}" for name in owners)


def _steps(graph: Graph) -> list[list[str]]:
    """Jobs by the longest way to them: those of one step run side by side."""
    depth: dict[str, int] = {}

    def of(job: str) -> int:
        if job not in depth:
            depth[job] = 1 + max((of(need) for need in graph.needs_of(job)), default=-1)
        return depth[job]

    steps: dict[int, list[str]] = {}
    for name in graph.jobs:
        if graph.stages_of(name):
            steps.setdefault(of(name), []).append(name)
    return [steps[key] for key in sorted(steps)]


def _side_by_side(graph: Graph, names: Sequence[str]) -> list[str]:
    lines = [_in(3, f"stage('{' and '.join(names)}') {{"), _in(4, "parallel {")]
    for name in names:
        lines += _job(graph, name, 5, True)
    return [*lines, _in(4, "}"), _in(3, "}")]


def _job(graph: Graph, name: str, level: int, beside: bool) -> list[str]:
    job, wanted = graph.jobs[name], view(graph, graph.jobs[name])
    if job.approval and not job.per_environment:
        raise NotRenderable(
            f"job {name} asks for approval ({', '.join(job.approval)}) but is not perEnvironment: "
            "Jenkins cannot know when to ask. Set perEnvironment: true in ci/pipeline.yaml"
        )
    _check_needs(graph, wanted)
    comments = [
        _in(level + 1, f"// permission: {each.scope} {each.access} — {each.why}")
        for each in job.permissions
    ]
    tools = {tool.name: tool.why for stage in graph.stages_of(name) for tool in stage.tools}
    comments += [_in(level + 1, f"// tool: {tool} — {why}") for tool, why in tools.items()]
    if not job.per_environment:
        body = _work(graph, job, wanted, level + 1, name, "", beside)
        return [_in(level, f"stage('{name}') {{"), *comments, *body, _in(level, "}")]
    lines = [_in(level, f"stage('{name}') {{"), *comments]
    lines += _when(level + 1, _event_condition(wanted), "")
    lines.append(_in(level + 1, "stages {"))
    for environment in _environments(wanted):
        lines += _one_environment(graph, job, wanted, level + 2, environment)
    return [*lines, _in(level + 1, "}"), _in(level, "}")]


def _environments(wanted: JobView) -> tuple[str, ...]:
    if wanted.environments is None:
        return ENVIRONMENTS
    return tuple(name for name in ENVIRONMENTS if name in wanted.environments)


def _one_environment(
    graph: Graph, job: Job, wanted: JobView, level: int, environment: str
) -> list[str]:
    name = f"{job.id} {environment}"
    there = f"'{environment}' in environments"
    if wanted.environments is not None:
        there += f".intersect({_list(wanted.environments)})"
    if environment not in job.approval:
        body = _work(graph, job, wanted, level + 1, name, environment, False, there)
        return [_in(level, f"stage('{name}') {{"), *body, _in(level, "}")]
    # Asked in a stage around the work: while a person thinks, no agent and no lock is held.
    return [
        _in(level, f"stage('approve {environment}') {{"),
        *_when(level + 1, there, "beforeInput true"),
        _in(level + 1, "input {"),
        _in(level + 2, f'message "Deliver ${{project}} to {environment}?"'),
        _in(level + 2, 'submitter "${place[-3]}@PLATFORM@"'),
        _in(level + 2, "submitterParameter 'GLEIS_APPROVER'"),
        _in(level + 1, "}"),
        _in(level + 1, "stages {"),
        _in(level + 2, f"stage('{name}') {{"),
        *_work(graph, job, wanted, level + 3, name, environment, False, ""),
        _in(level + 2, "}"),
        _in(level + 1, "}"),
        _in(level, "}"),
    ]


def _work(
    graph: Graph,
    job: Job,
    wanted: JobView,
    level: int,
    name: str,
    environment: str,
    beside: bool,
    condition: str | None = None,
) -> list[str]:
    """What is inside of the stage that has the agent."""
    if condition is None:
        parts = [_event_condition(wanted)]
        if wanted.environments is not None:
            parts.append(f"environments.intersect({_list(wanted.environments)})")
        condition = " && ".join(filter(None, parts))
    lines = _when(level, condition, "beforeAgent true")
    if wanted.concurrency:
        lock = f'lock(resource: "${{project}}/{wanted.concurrency}")'
        lines.append(_in(level, f"options {{ {lock} }}"))
    lines.append(_in(level, f"agent {{ kubernetes {{ yaml pod('{wanted.runner}', config) }} }}"))
    if environment:
        lines.append(_in(level, f"environment {{ GLEIS_ENVIRONMENT = '{environment}' }}"))
    elif _is_aside(graph, job):
        last = '"${environments.last()}"'
        lines.append(_in(level, f"environment {{ GLEIS_ENVIRONMENT = {last} }}"))
    if environment:
        lines.append(_in(level, f"steps {{ {_method(job)}() }}"))
    else:
        body = _body(graph, job, wanted, level + 1, f"'{name}'", beside)
        lines += [_in(level, "steps {"), *body, _in(level, "}")]
    return [*lines, _in(level, "post { always { publish() } }")]


def _bodies(graph: Graph) -> Iterator[str]:
    """The steps of each job that runs once per environment: written once, called for each."""
    for job in graph.jobs.values():
        if job.per_environment and graph.stages_of(job.id):
            wanted = view(graph, job)
            yield f"void {_method(job)}() {{"
            name = f'"{job.id}-${{env.GLEIS_ENVIRONMENT}}"'
            yield from _body(graph, job, wanted, 1, name, False)
            yield from ("}", "")


def _method(job: Job) -> str:
    return re.sub(r"-(\w)", lambda match: match[1].upper(), job.id) + "Steps"


def _body(
    graph: Graph, job: Job, wanted: JobView, level: int, stash: str, beside: bool
) -> list[str]:
    wrappers = [f"timeout(time: {wanted.timeout_minutes}, unit: 'MINUTES')"]
    credentials = [
        f"string(credentialsId: '{secret}', variable: '{secret}')" for secret in wanted.secrets
    ]
    if any(scope == "id-token" for scope, _ in wanted.permissions):
        credentials.insert(0, f"file(credentialsId: '{IDENTITY}', variable: '{IDENTITY_FILE}')")
    if credentials:
        wrappers.append(f"withCredentials([{', '.join(credentials)}])")
    stages = "".join(f" --stage {stage}" for stage in wanted.stages)
    lines = [
        _in(level, "".join(f"{wrapper} {{ " for wrapper in wrappers).rstrip()),
        _in(level + 1, f"sh '{COMMAND}{stages}'"),
        _in(level, " ".join("}" for _ in wrappers)),
    ]
    if beside and _is_aside(graph, job):
        # Nobody waits for it: its failure is the build's, but stops nothing.
        caught = "catchError(buildResult: 'FAILURE', stageResult: 'FAILURE') {"
        lines = [_in(level, caught), *(_in(1, line) for line in lines), _in(level, "}")]
    if wanted.needs:
        lines.insert(0, _in(level, "; ".join(f"unstash '{need}'" for need in wanted.needs)))
    if wanted.artifacts:
        includes = ",".join(f"{path}/**" for path in wanted.artifacts)
        kept = f"name: {stash}, includes: '{includes}'"
        lines.append(_in(level, f"stash({kept}, allowEmpty: true, useDefaultExcludes: false)"))
    return lines


def _check_needs(graph: Graph, wanted: JobView) -> None:
    """What is unstashed must have been stashed, whatever started the build."""
    for need in wanted.needs:
        needed = view(graph, graph.jobs[need])
        where = f"job {wanted.id} needs {need}"
        if not needed.artifacts:
            raise NotRenderable(
                f"{where}, which has no artifacts: on Jenkins a job is waited for by what it "
                f"stashes. Name under jobs.{need}.artifacts what {wanted.id} reads (.gleis/run)"
            )
        if needed.per_environment:
            raise NotRenderable(
                f"{where}, which runs once per environment: nobody knows which of them to wait for"
            )
        rare = set(graph.events) if wanted.events is None else set(wanted.events)
        missing = rare - set(graph.events if needed.events is None else needed.events)
        if missing:
            raise NotRenderable(
                f"{where}, which does not run on {', '.join(sorted(missing))}: let {need} run "
                f"there too, or keep {wanted.id} from it"
            )


def _is_aside(graph: Graph, job: Job) -> bool:
    """Whether it watches what runs: it needs nothing, and nothing needs it."""
    return not graph.needs_of(job.id) and all(
        job.id not in graph.needs_of(other) for other in graph.jobs
    )


def _event_condition(wanted: JobView) -> str:
    return "" if wanted.events is None else f"event in {_list(wanted.events)}"


def _when(level: int, condition: str, before: str) -> list[str]:
    if not condition:
        return []
    first = f"{before}; " if before else ""
    return [_in(level, f"when {{ {first}expression {{ {condition} }} }}")]


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _in(level: int, line: str) -> str:
    return "    " * level + line
