"""A pipeline changed by hand is noticed: each field of each job, named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields

import pytest
from tests.jenkins.conftest import REPO

from gleis.pipeline import graph as graphs
from gleis.pipeline.ci import JobView, differences, jenkins, views
from gleis.pipeline.ci.jenkins import NotReadable
from gleis.pipeline.ci.jenkins.reader import views_of

TEXT = (REPO / jenkins.PIPELINE).read_text()
WANTED = views(graphs.load())
# Where a job is written: its stage, and for one that runs per environment its steps.
REGIONS = {
    "verify": ("stage('verify') {", "stage('train')"),
    "train": ("stage('train') {", "stage('watch')"),
    "watch": ("stage('watch') {", "stage('package')"),
    "package": ("stage('package') {", "stage('deliver')"),
    "deliver": ("stage('deliver') {", None),
}
Change = Callable[[str], str]


def sub(pattern: str, replacement: str) -> Change:
    """The first match of `pattern` becomes `replacement`; none is a mistake in this test."""

    def change(text: str) -> str:
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
        assert count == 1, f"{pattern!r} does not occur"
        return changed

    return change


def in_stage(job: str, change: Change) -> str:
    first, last = REGIONS[job]
    start = TEXT.index(first)
    end = TEXT.index(last, start) if last else len(TEXT)
    return TEXT[:start] + change(TEXT[start:end]) + TEXT[end:]


def in_steps(job: str, change: Change) -> str:
    """The change where the job's steps are."""
    if not WANTED[job].per_environment:
        return in_stage(job, change)
    start = TEXT.index(f"void {job}Steps() {{")
    end = TEXT.index("\n}\n", start)
    return TEXT[:start] + change(TEXT[start:end]) + TEXT[end:]


def mutations() -> list[tuple[str, str, str, str]]:
    """(job, field, what was done, the text after it), at least one for each job and field."""
    made = []
    for job, view in WANTED.items():

        def add(field: str, what: str, text: str, job: str = job) -> None:
            assert text != TEXT
            made.append((job, field, what, text))

        agent = r"agent \{ kubernetes"
        add("id", "renamed", in_stage(job, _renamed(job)))
        add("id", "deleted", in_stage(job, _without_stage))
        add("stages", "one less", in_steps(job, sub(rf" --stage {view.stages[-1]}", "")))
        add("stages", "one more", in_steps(job, sub(r" --stage ", " --stage other --stage ")))
        if len(view.stages) > 1:
            first, second = view.stages[:2]
            swapped = sub(f"--stage {first} --stage {second}", f"--stage {second} --stage {first}")
            add("stages", "another order", in_steps(job, swapped))
        add("stages", "another step", in_steps(job, sub(r"\n( +)sh '", r"\n\1sh 'true'\n\1sh '")))
        add("stages", "interpolated", in_steps(job, sub(r"\bsh '([^']*)'", r'sh "\1"')))
        add("stages", "another program", in_steps(job, sub(r"sh 'uvx", "sh 'env uvx")))
        if view.needs:
            add("needs", "one less", in_steps(job, sub(r"unstash 'verify'; ", "")))
            add("needs", "another", in_steps(job, sub(r"unstash 'verify'", "unstash 'watch'")))
        else:
            before = sub(r"steps \{\n", "steps {\n unstash 'package'\n")
            add("needs", "not there yet", in_steps(job, before))
        if view.events is None:
            when = "when { beforeAgent true; expression { event in ['tag'] } }\n agent { kubernetes"
            add("events", "limited", in_stage(job, sub(agent, when)))
        else:
            add("events", "one less", in_stage(job, sub(r"'drift'", "")))
            add("events", "one more", in_stage(job, sub(r"'drift'", "'drift', 'pull-request'")))
            add("events", "no limit", in_stage(job, sub(r"event in \[[^]]*\]( && )?", "")))
        limited = "environments.intersect(['dev'])"
        if view.per_environment:
            narrow = sub(r"'dev' in environments", f"'dev' in {limited}")
            add("environments", "limited", in_stage(job, narrow))
            gone = sub(r"stage\('deliver dev'\).*?(?=stage\('deliver staging')", "")
            add("environments", "one less", in_stage(job, gone))
            named = sub(r"GLEIS_ENVIRONMENT = 'dev'", "GLEIS_ENVIRONMENT = 'prod'")
            add("environments", "another", in_stage(job, named))
            every = sub(r"environment \{ GLEIS_ENVIRONMENT = '\w+' \}", "")
            add("per_environment", "once", in_stage(job, every))
        else:
            one = "environment { GLEIS_ENVIRONMENT = 'dev' }\n agent { kubernetes"
            add("per_environment", "for one", in_stage(job, sub(agent, one)))
            if view.environments is None:
                when = f"when {{ beforeAgent true; expression {{ {limited} }} }}"
                when += "\n agent { kubernetes"
                add("environments", "limited", in_stage(job, sub(agent, when)))
            else:
                less = sub(r"intersect\(\['dev', ", "intersect([")
                add("environments", "one less", in_stage(job, less))
                add("environments", "no limit", in_stage(job, sub(r" && environments[^}]*", "")))
        add("runner", "another", in_stage(job, sub(r"pod\('\w+'", "pod('other'")))
        add("runner", "anything", in_stage(job, sub(r"agent \{ kubernetes [^\n]*", "agent any")))
        read = r"// permission: contents read[^\n]*\n"
        add("permissions", "one less", in_stage(job, sub(read, "")))
        add("permissions", "more", in_stage(job, sub(r"contents read", "contents write")))
        token = r"file\(credentialsId: 'gleis-oidc', variable: 'GLEIS_OIDC_TOKEN_FILE'\)"
        if ("id-token", "write") in view.permissions:
            add("permissions", "no token", in_steps(job, sub(rf"{token}(, )?", "")))
            said = sub(r"// permission: id-token[^\n]*\n", "")
            add("permissions", "a token nobody mentions", in_stage(job, said))
        else:
            given = r"timeout\1 { withCredentials([file(credentialsId: 'gleis-oidc', "
            given += r"variable: 'GLEIS_OIDC_TOKEN_FILE')]) {\2} }\n"
            wrap = sub(r"timeout(\([^)]*\)) \{(.*?)\}\n", given)
            add("permissions", "a token nobody mentions", in_steps(job, wrap))
        if view.secrets:
            add("secrets", "none", in_steps(job, sub(r", string\([^)]*\)", "")))
            add("secrets", "another", in_steps(job, sub(r"'GLEIS_GITOPS_TOKEN'", "'ROOT_TOKEN'")))
        else:
            secret = "withCredentials([string(credentialsId: 'T', variable: 'T')]) {\n"
            wrap = sub(r"\n( +)sh ('[^']*')", rf"\n\1{secret}\1sh \2\n\1}}")
            add("secrets", "one more", in_steps(job, wrap))
        tool = r"// tool: terraform[^\n]*\n"
        if view.tools:
            add("tools", "one less", in_stage(job, sub(tool, "")))
        else:
            one = "// tool: terraform — a test\n agent { kubernetes"
            add("tools", "one more", in_stage(job, sub(agent, one)))
        add("timeout_minutes", "longer", in_steps(job, sub(r"timeout\(time: ", "timeout(time: 9")))
        add("timeout_minutes", "hours", in_steps(job, sub(r"'MINUTES'", "'HOURS'")))
        if view.approval:
            add("approval", "nobody asked", in_stage(job, sub(r"input \{.*?APPROVER'\n +\}", "")))
            anybody = sub(r"submitter \"[^\n]*\n", "")
            add("stages", "anybody may agree", in_stage(job, anybody))
        ask = "input {\n message 'really?'\n submitter 'team'\n }\n agent { kubernetes"
        add("approval", "asked too", in_stage(job, sub(agent, ask)))
        if view.concurrency:
            add("concurrency", "none", in_stage(job, sub(r"options \{ lock[^\n]*\n", "")))
            add("concurrency", "another", in_stage(job, sub(r"\}/deliver\"\)", '}/other")')))
        else:
            lock = 'options { lock(resource: "${project}/train") }\n agent { kubernetes'
            add("concurrency", "a lock", in_stage(job, sub(agent, lock)))
        add("artifacts", "none", in_steps(job, sub(r"\n +stash\([^\n]*", "")))
        add("artifacts", "more", in_steps(job, sub(r"includes: '", "includes: 'data/**,")))
    return made


def _renamed(job: str) -> Change:
    return lambda text: text.replace(f"stage('{job}", "stage('other")


def _without_stage(text: str) -> str:
    depth = 0
    for end, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "}" and depth == 0:
            return text[end + 1 :]
    raise AssertionError("the stage does not end")


MUTATIONS = mutations()


def test_the_committed_pipeline_says_what_the_graph_says() -> None:
    assert differences(WANTED, views_of(TEXT, jenkins.PIPELINE)) == []


def test_every_field_of_every_job_is_mutated() -> None:
    assert {(job, field) for job, field, _, _ in MUTATIONS} >= {
        (job, each.name) for job in WANTED for each in fields(JobView)
    }


@pytest.mark.parametrize(
    ("job", "field", "text"),
    [
        pytest.param(job, field, text, id=f"{job}-{field}-{what}")
        for job, field, what, text in MUTATIONS
    ],
)
def test_a_mutation_is_named_by_job_and_field(job: str, field: str, text: str) -> None:
    said = differences(WANTED, views_of(text, jenkins.PIPELINE))
    expected = f"job {job}: missing" if field == "id" else f"job {job}, {field}: "
    assert any(sentence.startswith(expected) for sentence in said), said


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("in another order", lambda text: _moved(text, "package", "deliver")),
        (
            "a failure that stops nobody",
            sub(r"timeout\(time: 35", "catchError() { timeout(time: 35"),
        ),
        ("or", sub(r"event in \['main'", "true || event in ['main'")),
        ("not", sub(r"expression \{ event in", "expression { !event in")),
        ("an agent before the question", sub(r"beforeInput true; ", "")),
        (
            "an agent before the condition",
            sub(r"beforeAgent true; expression \{ 'dev", "expression { 'dev"),
        ),
        ("nothing published", sub(r"post \{ always \{ publish\(\) \} \}", "")),
        ("another event", sub(r"GLEIS_ENVIRONMENT = 'dev'", "GLEIS_EVENT = 'main'")),
        ("a script", sub(r"steps \{\n", "steps {\n script { evil() }\n")),
        ("a tool", sub(r"agent \{ kubernetes", "tools { maven 'x' }\n agent { kubernetes")),
        ("a lock of all projects", sub(r"\$\{project\}/deliver", "deliver")),
    ],
)
def test_what_is_no_field_is_noticed_too(what: str, change: Change) -> None:
    text = change(TEXT)
    if what.startswith("a failure"):
        text = sub(r"--stage sop'\n +\}", "--stage sop'\n} }")(text)
    assert text != TEXT
    assert differences(WANTED, views_of(text, jenkins.PIPELINE)) != []


def _moved(text: str, job: str, after: str) -> str:
    start = text.index(f"            stage('{job}')")
    end = text.index(f"            stage('{after}')")
    stage = text[start:end]
    rest = text[:start] + text[end:]
    place = rest.index("        stages {\n") + len("        stages {\n")
    return rest[:place] + stage + rest[place:]


@pytest.mark.parametrize(
    "text", ["", "pipeline { stages {", "pipeline { stages { } } }", TEXT + TEXT, "nothing"]
)
def test_what_is_no_pipeline_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(NotReadable, match=re.escape(jenkins.PIPELINE)):
        views_of(text, jenkins.PIPELINE)


def test_spaces_and_comments_mean_nothing() -> None:
    text = TEXT.replace("    ", "\t").replace("steps {", "/* here */ steps /* is */ {")
    assert differences(WANTED, views_of(text, jenkins.PIPELINE)) == []


def test_where_there_is_no_pipeline_every_job_is_missing() -> None:
    assert differences(WANTED, jenkins.read_back({})) == [f"job {job}: missing" for job in WANTED]
