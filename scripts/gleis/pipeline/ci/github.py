"""GitHub Actions: two reusable workflows, what they say read back, and the running build.

A job checks out the project, gets uv and runs `gleis run` once for all of its stages. The text is
put together here line by line and read back as YAML, so neither trusts the other.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import gleis
from gleis import resources
from gleis.contract import document
from gleis.contract.platform import Platform
from gleis.errors import GleisError
from gleis.findings import Finding, Severity
from gleis.pipeline.ci import JobView, Views, view
from gleis.pipeline.graph import Graph, Job

NAME = "github"
PIPELINE = ".github/workflows/ml-pipeline.yml"
SCHEDULE = ".github/workflows/ml-schedule.yml"
ENVIRONMENTS = ("dev", "staging", "prod")

# What each event of the graph is to GitHub, as an expression.
_EVENTS = {
    "pull-request": "github.event_name == 'pull_request'",
    "main": "github.event_name == 'push'"
    " && github.ref == format('refs/heads/{0}', github.event.repository.default_branch)",
    "tag": "github.event_name == 'push' && github.ref_type == 'tag'",
    "schedule": "github.event_name == 'schedule'",
    "drift": "github.event_name == 'repository_dispatch' && github.event.action == 'drift'",
    "manual": "github.event_name == 'workflow_dispatch'",
}
_FIRST = "fromJSON(inputs.environments)[0]"
_WATCHED = "inputs.watched"
_RUNNERS = {
    "cpu": "Label of the runners that check and deliver",
    "training": "Label of the runners that train",
    "docker": "Label of the runners that can build images",
}

# --- render -------------------------------------------------------------------------------------


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
        pipeline += _job(graph, job, platform, _FIRST)
    schedule = [*_head("ml-schedule", _ABOUT_SCHEDULE), *_inputs(graph, graph.jobs.values(), True)]
    schedule += [*_rights("ml-schedule"), "jobs:"]
    for job in graph.jobs.values():
        schedule += _job(graph, job, platform, _WATCHED if job in aside else _FIRST)
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
    if environment in wanted.approval:
        lines.append(f"    environment: {environment} # its reviewers approve before it starts")
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
        terms += [f"contains(fromJSON({_OK}), needs.{name}.result)" for name in earlier]
        terms.append(f"contains(fromJSON(inputs.environments), '{environment}')")
    subject = f"'{environment}'" if wanted.per_environment else environment
    if wanted.environments is not None:
        listed = json.dumps(list(wanted.environments))
        terms.append(f"contains(fromJSON('{listed}'), {subject})")
    if wanted.events is not None:
        events = "\n      || ".join(f"({_EVENTS[name]})" for name in wanted.events)
        terms.append(f"({events})")
    if not terms:
        return []
    return ["    if: >-", "      ${{ " + "\n      && ".join(terms) + " }}"]


_OK = """'["success", "skipped"]'"""
_KNOWN = (f"contains(fromJSON({_OK}), needs.", "contains(fromJSON(inputs.environments), ")


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
        *(["          GITHUB_TOKEN: ${{ github.token }}"] if wanted.approval else []),
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


# --- read back ----------------------------------------------------------------------------------

_LISTED = re.compile(r"contains\(fromJSON\('(\[[^']*\])'\), (.+)\)")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)


def read_back(files: Mapping[str, str]) -> Views:
    """What the workflows say, job by job; jobs of one job's environments are folded into one.

    What is not understood is passed on where it would stand, so that it differs from every graph.
    Raises ContractError for what is no YAML, GleisError for a file without jobs.
    """
    read = {name: _read(name, text) for name, text in files.items()}
    together: Views = {}
    for name, there in read.items():
        for job, said in there.items():
            known = together.get(job)
            together[job] = said if known is None else _agreed(known, said, name)
    change, calendar = read.get(PIPELINE), read.get(SCHEDULE)
    if change is not None and calendar is not None:
        for job in change.keys() - calendar.keys():
            together[job] = replace(together[job], id=f"{job} (not in {SCHEDULE})")
        for job in calendar.keys() - change.keys():
            if calendar[job].needs or any(job in it.needs for it in calendar.values()):
                together[job] = replace(together[job], id=f"{job} (not in {PIPELINE})")
    return together


def _read(name: str, text: str) -> Views:
    """The jobs of one workflow."""
    loaded = document.parse(text, Path(name), name=name)
    jobs = loaded.get("jobs")
    if not isinstance(jobs, dict):
        raise GleisError(f"{name}: there are no jobs in it")
    declared = _dict(loaded.get("on", "workflow_call", "secrets", default={}))
    found: dict[str, list[tuple[str, JobView]]] = {}
    for key, job in jobs.items():
        if isinstance(job, dict):
            said = _said(str(key), job, declared)
            found.setdefault(said.id, []).append((str(key), said))
    return {job: _folded(parts) for job, parts in found.items()}


def _agreed(first: JobView, second: JobView, name: str) -> JobView:
    """What both workflows say of a job; where they differ, that they do."""
    odd: dict[str, Any] = {}
    for field in fields(JobView):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if one != other:
            odd[field.name] = f"{one!r}, but {other!r} in {name}"
    return replace(first, **odd)


def _said(key: str, job: dict[str, Any], declared: Mapping[str, Any]) -> JobView:
    name, _, environment = key.rpartition("-")
    per_environment = environment in ENVIRONMENTS
    name = name if per_environment else key
    steps = [step for step in _list(job.get("steps")) if isinstance(step, dict)]
    works = [step for step in steps if "run" in step]
    terms = _terms(str(job.get("if", "")))
    needs, siblings = _needs(job, terms, name, per_environment)
    stages = tuple(stage for step in works for stage in _stages(str(step["run"])))
    told = {_expression(_dict(step.get("env")).get("GLEIS_ENVIRONMENT")) for step in works}
    environments = _environments(terms, environment if per_environment else "", told)
    late = () if not per_environment else _out_of_order(name, environment, siblings, environments)
    return JobView(
        id=name,
        stages=stages,
        needs=(*needs, *late),
        events=_events(terms),
        environments=environments,
        runner=_expression(job.get("runs-on")).removeprefix("inputs.runner-"),
        permissions=tuple((str(k), str(v)) for k, v in _dict(job.get("permissions")).items()),
        secrets=tuple(
            secret if secret in declared else f"{secret} (not declared)"
            for step in works
            for secret in _secrets(_dict(step.get("env")))
        ),
        timeout_minutes=int(job.get("timeout-minutes", 0)),
        per_environment=per_environment,
        approval=(str(job["environment"]),) if "environment" in job else (),
        concurrency=_concurrency(job, f"-{environment}" if per_environment else ""),
        artifacts=tuple(_artifacts(steps, f"gleis-{key}")),
    )


def _folded(jobs: list[tuple[str, JobView]]) -> JobView:
    """One view of a job's environments. Where they disagree, the one that stands alone counts."""
    views = [said for _, said in jobs]
    if not views[0].per_environment:
        return views[0] if len(views) == 1 else replace(views[0], id=f"{views[0].id} (twice)")
    together: dict[str, Any] = {}
    for field in fields(JobView):
        counted = Counter(getattr(said, field.name) for said in views)
        together[field.name] = min(counted, key=counted.__getitem__)
    approval = tuple(name for said in views for name in said.approval)
    listed = [said.environments for said in views]
    there = tuple(key.rpartition("-")[2] for key, _ in jobs)
    odd = tuple(name for each in listed for name in each or () if name not in ENVIRONMENTS)
    environments = odd or together["environments"] or (None if there == ENVIRONMENTS else there)
    return replace(views[0], **{**together, "approval": approval, "environments": environments})


def _terms(condition: str) -> list[str]:
    found = _EXPRESSION.fullmatch(" ".join(condition.split()))
    text = found.group(1) if found else condition.strip()
    return [term.strip() for term in _split(text, "&&") if term.strip()]


def _split(text: str, operator: str) -> Iterator[str]:
    """`text` at each `operator` outside parentheses."""
    depth, start = 0, 0
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and text.startswith(operator, index):
            yield text[start:index]
            start = index + len(operator)
    yield text[start:]


def _needs(
    job: dict[str, Any], terms: Sequence[str], name: str, per_environment: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The jobs that it waits for, and those of its own kind that came before it."""
    listed = [str(need) for need in _list(job.get("needs"))]
    own = {f"{name}-{environment}" for environment in ENVIRONMENTS}
    needs, siblings = [], []
    for need in listed:
        if need not in own:
            asked = f"needs.{need}.result == 'success'" in terms
            needs.append(need if asked or not per_environment else f"{need} (passed or not)")
        elif f"contains(fromJSON({_OK}), needs.{need}.result)" in terms:
            siblings.append(need)
    return tuple(needs), tuple(siblings)


def _out_of_order(
    name: str, environment: str, siblings: tuple[str, ...], environments: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Environments before this one that it does not wait for."""
    every = environments or ENVIRONMENTS
    before = every[: every.index(environment)] if environment in every else ()
    return tuple(
        f"(not after {name}-{each})" for each in before if f"{name}-{each}" not in siblings
    )


def _events(terms: Sequence[str]) -> tuple[str, ...] | None:
    """The events of the term that lists them; a term that nobody knows is kept as an event."""
    events: list[str] = []
    limited = False
    names = {expression: name for name, expression in _EVENTS.items()}
    for term in terms:
        if term.startswith("(") and term.endswith(")"):
            limited = True
            for each in _split(term[1:-1], "||"):
                events.append(names.get(each.strip()[1:-1], each.strip()))
        elif not (
            term == "!cancelled()"
            or re.fullmatch(r"needs\.[\w-]+\.result == 'success'", term)
            or term.startswith(_KNOWN)
            or _LISTED.fullmatch(term)
        ):
            limited = True
            events.append(f"({term})")
    return tuple(events) if limited else None


def _environments(terms: Sequence[str], own: str, told: set[str]) -> tuple[str, ...] | None:
    """Environments that the job is limited to; what it tells `gleis run` must fit."""
    listed: tuple[str, ...] | None = None
    subjects = {f"'{own}'"} if own else {_FIRST, _WATCHED}
    for term in terms:
        found = _LISTED.fullmatch(term)
        if found and not term.startswith(f"contains(fromJSON({_OK})"):
            if found.group(2) not in subjects:
                return (f"({term})",)
            listed = tuple(json.loads(found.group(1)))
    if own and f"contains(fromJSON(inputs.environments), '{own}')" not in terms:
        return (f"({own} whether asked for or not)",)
    if not told <= ({own} if own else {_FIRST, _WATCHED}):
        return tuple(f"({name})" for name in sorted(told))
    return listed


def _stages(script: str) -> list[str]:
    """The stages of a `gleis run`; words that it should not have are kept."""
    try:
        words = shlex.split(script)
    except ValueError:
        return [f"({script})"]
    expected = ["gleis", "run", "--environment", "${GLEIS_ENVIRONMENT}"]
    if words[:2] != ["uvx", "--from"] or words[3:7] != expected:
        return [f"({script.strip()})"]
    rest = words[7:]
    pairs = [tuple(rest[index : index + 2]) for index in range(0, len(rest), 2)]
    return [pair[1] if pair[0] == "--stage" and len(pair) == 2 else str(pair) for pair in pairs]


def _concurrency(job: Mapping[str, Any], suffix: str) -> str:
    """The group, less the environment's suffix. One that cancels what runs is another."""
    said = _dict(job.get("concurrency"))
    group = str(said.get("group", ""))
    if group and not group.endswith(suffix):
        return f"{group} (not for {suffix.removeprefix('-')} alone)"
    return group.removesuffix(suffix) + (" (cancels)" if said.get("cancel-in-progress") else "")


def _secrets(env: Mapping[str, Any]) -> Iterator[str]:
    for name, value in env.items():
        found = _expression(value)
        if found.startswith("secrets."):
            secret = found.removeprefix("secrets.")
            yield secret if secret == name else f"{secret} as {name}"


def _artifacts(steps: Sequence[dict[str, Any]], name: str) -> Iterator[str]:
    """Paths of the artifact that later jobs take."""
    for step in steps:
        given = _dict(step.get("with"))
        if str(step.get("uses", "")).startswith("actions/upload-artifact@") and (
            given.get("name") == name
        ):
            yield from str(given.get("path", "")).split()


def _expression(value: Any) -> str:
    found = _EXPRESSION.fullmatch(str(value).strip())
    return found.group(1) if found else str(value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


# --- the running build --------------------------------------------------------------------------

_TIMEOUT = 20.0  # seconds
_EVENT_BYTES = 30_000_000  # GitHub's payloads end at 25 MB


@dataclass(frozen=True)
class Build:
    """A run of a workflow."""

    event: str
    branch: str | None
    commit: str | None
    change_request: str | None
    build_url: str | None
    environ: Mapping[str, str]
    name: str = NAME

    def approver(self, environment: str) -> str:
        """Login of the reviewer who let this run go on, unless it is who started it.

        https://docs.github.com/rest/actions/workflow-runs: review history of a workflow run.
        """
        api, repo = self.environ.get("GITHUB_API_URL", ""), self.environ.get("GITHUB_REPOSITORY")
        run, token = self.environ.get("GITHUB_RUN_ID"), self.environ.get("GITHUB_TOKEN", "")
        if not (api and repo and run and token):
            return ""
        url = f"{api}/repos/{repo}/actions/runs/{run}/approvals"
        reviews = _ask(url, token, "the approvals of this run", lambda answer: answer)
        starters = {self.environ.get(f"GITHUB_{who}") for who in ("ACTOR", "TRIGGERING_ACTOR")}
        for review in _list(reviews):
            names = {_dict(each).get("name") for each in _list(_dict(review).get("environments"))}
            login = str(_dict(_dict(review).get("user")).get("login", ""))
            if _dict(review).get("state") == "approved" and environment in names:
                return "" if login in starters else login
        return ""

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Workflow commands; GitHub reads them from standard error as well."""
        for finding in findings:
            print(command(finding), file=sys.stderr, flush=True)

    def publish_summary(self, markdown: str) -> None:
        """Add to the page of the job."""
        target = self.environ.get("GITHUB_STEP_SUMMARY")
        if not target:
            return
        try:
            with Path(target).open("a", encoding="utf-8") as stream:
                stream.write(markdown.rstrip("\n") + "\n")
        except OSError as error:  # what was judged stays judged, shown or not
            print(f"the summary was not published: {error.strerror}", file=sys.stderr)

    def store_artifact(self, path: Path) -> None:
        """Put the file where the job's last step takes everything from: `.gleis/run/`."""
        kept = Path(self.environ.get("GITHUB_WORKSPACE", ".")).resolve() / ".gleis" / "run"
        if not path.resolve().is_relative_to(kept.parent):
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, kept / path.name)

    def oidc_token(self, audience: str) -> str:
        """Ask GitHub's token end-point. No message ever holds the answer or our own credential."""
        url = self.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        credential = self.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if not url or not credential:
            raise GleisError(
                "GitHub offers this job no identity token: give it `id-token: write` "
                "under `permissions`, in the caller as well (pull requests from forks get none)"
            )
        from urllib.parse import quote, urlsplit

        separator = "&" if urlsplit(url).query else "?"
        asked = f"{url}{separator}audience={quote(audience, safe='')}"
        return str(_ask(asked, credential, "an identity token", lambda answer: answer["value"]))


class _NoAnswer(GleisError):
    """GitHub is there and does not answer as it should."""

    exit_code = 3


def _ask(url: str, credential: str, what: str, part: Callable[[Any], Any]) -> Any:
    """`part` of what GitHub answers. No message ever holds the answer or the credential."""
    from urllib import error as refusals
    from urllib import parse, request

    class NoRedirect(request.HTTPRedirectHandler):
        """A redirect would carry our credential to another host."""

        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    where = parse.urlsplit(url)
    if where.scheme != "https" and where.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise GleisError(f"the end-point for {what} is not HTTPS: nothing was sent")
    headers = {"Authorization": f"bearer {credential}", "Accept": "application/json"}
    asked = request.Request(url, headers=headers)
    try:
        with request.build_opener(NoRedirect).open(asked, timeout=_TIMEOUT) as got:
            return part(json.loads(got.read(1_000_000)))
    except refusals.HTTPError as error:
        raise _NoAnswer(f"GitHub refused {what}: HTTP {error.code}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _NoAnswer(
            f"GitHub did not give {what} ({type(error).__name__}): run the job again"
        ) from None


def detect(environ: Mapping[str, str]) -> Build | None:
    """The run of a workflow that this process is part of. Only this file reads `GITHUB_*`."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    payload = _payload(environ.get("GITHUB_EVENT_PATH", ""))
    ref = environ.get("GITHUB_REF", "")
    change = re.fullmatch(r"refs/pull/(\d+)/\w+", ref)
    run = [environ.get(name, "") for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server = environ.get("GITHUB_SERVER_URL", "")
    return Build(
        event=event_of(environ.get("GITHUB_EVENT_NAME", ""), ref, payload),
        branch=environ.get("GITHUB_HEAD_REF") or _branch(ref),
        commit=environ.get("GITHUB_SHA") or None,
        change_request=change.group(1) if change else None,
        build_url="{}/{}/actions/runs/{}".format(server, *run) if server and all(run) else None,
        environ=environ,
    )


def event_of(name: str, ref: str, payload: Mapping[str, Any]) -> str:
    """GitHub's event as one of the graph's. Whatever is not known may do the least: a proposal."""
    match name:
        case "push" if ref.startswith("refs/tags/"):
            return "tag"
        case "push":
            default = _dict(payload.get("repository")).get("default_branch")
            return "main" if default and ref == f"refs/heads/{default}" else "pull-request"
        case "schedule":
            return "schedule"
        case "workflow_dispatch":
            return "manual"
        case "repository_dispatch" if payload.get("action") == "drift":
            return "drift"
    return "pull-request"


def command(finding: Finding) -> str:
    """The workflow command that shows `finding` at its line; nothing in it can end it early.

    Escapes: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    """
    level = "error"
    if not finding.fails:
        level = "notice"
    elif finding.severity <= Severity.LOW:
        level = "warning"
    properties = {"file": finding.file, "line": finding.line, "title": finding.rule}
    if finding.line:
        properties["col"] = finding.column
    said = ",".join(f"{key}={_escaped(str(it), ':,')}" for key, it in properties.items() if it)
    text = f"{finding.message}\n{finding.remediation}".strip()
    return f"::{level} {said}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    # Python's other line breaks (U+2028 …) end a line for some readers too.
    text = "\n".join(text.splitlines())
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _branch(ref: str) -> str | None:
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None


def _payload(path: str) -> dict[str, Any]:
    try:
        with Path(path).open("rb") as stream:
            return _dict(json.loads(stream.read(_EVENT_BYTES)))
    except (OSError, ValueError):
        return {}
