"""`mlPipeline` run by Groovy, once per occasion: what it does, in which order, who sees secrets.

`jenkins/test/record.groovy` stands in for Jenkins. It is strict: a step, a directive or an `sh`
that is not expected ends the run. The records are committed under `golden/`; to accept a change on
purpose: `GLEIS_ACCEPT=1 ./dev test --real tests/jenkins`, then read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.jenkins.conftest import SHA, Play

from gleis.pipeline.graph import Graph

pytestmark = [pytest.mark.real, pytest.mark.needs("groovy")]

GOLDEN = Path(__file__).parent / "golden"
COMMAND = (
    'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT"'
)
KEEP = (
    'mkdir -p ".gleis/ci/$STAGE_NAME"; '
    'if [ -d .gleis/run ]; then cp -R .gleis/run/. ".gleis/ci/$STAGE_NAME/"; fi'
)
TIMER = "hudson.triggers.TimerTrigger$TimerTriggerCause"
PERSON = "hudson.model.Cause$UserIdCause"
JOB = "gleis/drivetrain/bearing-wear"
CREDENTIALS = {
    "gleis-oidc": {"kind": "file", "value": "/run/token"},
    "GLEIS_GITOPS_TOKEN": {"kind": "string", "value": "not-a-real-token"},
}
Records = dict[str, dict[str, Any]]

# What there is besides of `main`: how Jenkins tells of it.
OCCASIONS: dict[str, dict[str, Any]] = {
    "pull-request": {"env": {"CHANGE_ID": "7", "BRANCH_NAME": "PR-7"}},
    "main": {"env": {"BRANCH_NAME": "main"}},
    "tag": {"env": {"BRANCH_NAME": "v1.0.0", "TAG_NAME": "v1.0.0"}},
    "schedule": {"env": {"BRANCH_NAME": "main"}, "params": {"GLEIS_EVENT": "schedule"}},
    "drift": {"env": {"BRANCH_NAME": "main"}, "params": {"GLEIS_EVENT": "drift"}},
    "manual": {"env": {"BRANCH_NAME": "main"}, "causes": [PERSON]},
}
# The same events told otherwise, and what may do least where nobody knows.
OTHERWISE: dict[str, tuple[str, dict[str, Any]]] = {
    "timer": ("schedule", {"env": {"BRANCH_NAME": "main"}, "causes": [TIMER]}),
    "branch": ("pull-request", {"env": {"BRANCH_NAME": "feature"}, "causes": [PERSON]}),
    "branch-on-drift": (
        "pull-request",
        {"env": {"BRANCH_NAME": "feature"}, "params": {"GLEIS_EVENT": "drift"}},
    ),
    "change-on-drift": (
        "pull-request",
        {
            "env": {"BRANCH_NAME": "main", "CHANGE_ID": "7"},
            "params": {"GLEIS_EVENT": "drift"},
            "causes": [PERSON],
        },
    ),
}


def command(graph: Graph, job: str) -> str:
    return COMMAND + "".join(f" --stage {stage.id}" for stage in graph.stages_of(job))


def scenario(graph: Graph, name: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    fails = more.pop("fails", ())
    made = {
        "name": name,
        "config": {"gleis": SHA, "gpus": 2},
        "approver": "drivetrain",
        "credentials": CREDENTIALS,
        "sh": {KEEP: 0, **{command(graph, job): int(job in fails) for job in graph.jobs}},
        **said,
        **more,
    }
    made["env"] = {"JOB_NAME": f"{JOB}/{said['env']['BRANCH_NAME']}", **said["env"]}
    return made


@pytest.fixture(scope="module")
def records(graph: Graph, play: Play) -> Records:
    main, schedule = OCCASIONS["main"], OCCASIONS["schedule"]
    made = [scenario(graph, name, said) for name, said in OCCASIONS.items()]
    made += [scenario(graph, name, said) for name, (_, said) in OTHERWISE.items()]
    made += [
        scenario(graph, "nobody-agrees", main, approver=None),
        scenario(graph, "another-team-agrees", main, approver="vision"),
        scenario(graph, "the-platform-team-agrees", main, approver="platform"),
        scenario(graph, "verify-fails", main, fails=("verify",)),
        scenario(graph, "train-fails", main, fails=("train",)),
        scenario(graph, "package-fails", main, fails=("package",)),
        scenario(graph, "deliver-fails", main, fails=("deliver",)),
        scenario(graph, "watch-fails", schedule, fails=("watch",)),
        scenario(graph, "dev-only", schedule, config={"gleis": SHA, "environments": ["dev"]}),
        scenario(graph, "no-sha", main, config={"gleis": "main"}),
        scenario(graph, "no-gpus", main, config={"gleis": SHA, "gpus": "1 # x"}),
        scenario(graph, "no-credentials", main, credentials={}),
        scenario(graph, "unexpected-sh", main, sh={}),
    ]
    return play(made)


@pytest.mark.parametrize("event", OCCASIONS)
def test_what_happens_on_an_event_is_what_is_recorded(records: Records, event: str) -> None:
    found = "\n".join([*records[event]["lines"], records[event]["result"]]) + "\n"
    golden = GOLDEN / f"{event}.txt"
    if os.environ.get("GLEIS_ACCEPT"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found)
    assert records[event]["failure"] is None
    assert found == golden.read_text()


@pytest.mark.parametrize("event", OCCASIONS)
def test_exactly_the_jobs_of_the_graph_run(records: Records, graph: Graph, event: str) -> None:
    expected = []
    for job in graph.jobs:
        events = graph.allowed(job, "event")
        if events is None or event in events:
            expected += [command(graph, job)] * (3 if graph.jobs[job].per_environment else 1)
    assert sorted(shells(records[event])) == sorted(expected)


@pytest.mark.parametrize("name", OTHERWISE)
def test_an_event_told_otherwise_is_the_same_event(records: Records, name: str) -> None:
    event, _ = OTHERWISE[name]
    assert f"  env GLEIS_EVENT={event}" in records[name]["lines"]
    assert shells(records[name]) == shells(records[event])


def test_a_secret_is_seen_by_the_job_that_declares_it_and_nobody_else(
    records: Records, graph: Graph
) -> None:
    seen = re.compile(r"sh (.*?)(?: # sees (.*))?$")
    checked = 0
    for event in OCCASIONS:
        for line in records[event]["lines"]:
            match = seen.match(line.strip())
            if match and match[1] != KEEP:
                (job,) = [job for job in graph.jobs if command(graph, job) == match[1]]
                declared = [each.name for it in graph.stages_of(job) for each in it.secrets]
                if any(each.scope == "id-token" for each in graph.jobs[job].permissions):
                    declared.append("GLEIS_OIDC_TOKEN_FILE")
                assert sorted(filter(None, (match[2] or "").split(", "))) == sorted(declared)
                checked += 1
    assert checked == sum(len(shells(records[event])) for event in OCCASIONS) > 20
    assert "not-a-real-token" not in str(records)


@pytest.mark.parametrize("event", ["main", "tag", "schedule", "drift", "manual"])
def test_a_person_is_asked_before_prod_and_only_there(records: Records, event: str) -> None:
    lines = [line.strip() for line in records[event]["lines"]]
    asked = [index for index, line in enumerate(lines) if line.startswith("input ")]
    targets = {line: index for index, line in enumerate(lines)}
    assert len(asked) == 1
    assert lines[asked[0]] == f'input "Deliver {JOB} to prod?" of drivetrain,platform'
    assert lines.index("stage deliver dev {") < lines.index("stage deliver staging {") < asked[0]
    assert asked[0] < lines.index("stage deliver prod {") < targets["env GLEIS_ENVIRONMENT=prod"]
    # Nothing is held while a person thinks: the question is two stages deep and in no block else.
    around = enclosing(records[event]["lines"], '  input "')
    assert [line.split()[0] for line in around] == ["pipeline", "stage", "stage"]


def test_a_proposed_change_asks_nobody_and_delivers_nothing(records: Records) -> None:
    text = "\n".join(records["pull-request"]["lines"])
    assert "input " not in text
    assert "GLEIS_GITOPS_TOKEN" not in text
    assert "lock " not in text


@pytest.mark.parametrize("name", ["nobody-agrees", "another-team-agrees"])
def test_without_the_right_persons_word_prod_stays_as_it_is(records: Records, name: str) -> None:
    record = records[name]
    assert record["result"] == "FAILURE"
    assert not any(line.endswith("stage deliver prod {") for line in record["lines"])
    assert sum(line.endswith("stage deliver staging {") for line in record["lines"]) == 1
    assert "Deliver" in record["failure"]


def test_the_platform_team_may_agree_too(records: Records) -> None:
    assert records["the-platform-team-agrees"]["result"] == "SUCCESS"


@pytest.mark.parametrize(
    ("failing", "commands"), [("verify", 2), ("train", 2), ("package", 3), ("deliver", 4)]
)
def test_a_failure_stops_what_needs_it_and_is_still_published(
    records: Records, failing: str, commands: int
) -> None:
    record = records[f"{failing}-fails"]
    assert record["result"] == "FAILURE"
    assert len(shells(record)) == commands
    published = sum("archiveArtifacts" in line for line in record["lines"])
    assert published == commands


def test_a_failing_watch_is_reported_and_stops_nothing(records: Records) -> None:
    record = records["watch-fails"]
    assert record["result"] == "FAILURE"
    assert record["failure"] is None
    assert shells(record) == shells(records["schedule"])


def test_only_the_environments_of_the_contract_are_delivered_to(records: Records) -> None:
    lines = [line.strip() for line in records["dev-only"]["lines"]]
    assert "env GLEIS_ENVIRONMENT=dev" in lines
    assert not any("GLEIS_ENVIRONMENT=staging" in line for line in lines)
    assert not any(line.startswith("input ") for line in lines)
    assert records["dev-only"]["result"] == "SUCCESS"


def test_the_gpus_of_the_contract_reach_the_agent_that_trains_only(records: Records) -> None:
    nodes = {line.strip() for line in records["main"]["lines"] if line.strip().startswith("node ")}
    assert nodes == {"node cpu {", "node training gpus=2 {", "node docker {"}


def test_what_is_no_commit_is_refused_before_anything_runs(records: Records) -> None:
    assert records["no-sha"]["lines"] == []
    assert "40 digits" in records["no-sha"]["failure"]


@pytest.mark.parametrize("name", ["no-gpus", "no-credentials", "unexpected-sh"])
def test_the_recorder_is_strict(records: Records, name: str) -> None:
    assert records[name]["result"] in ("BROKEN", "FAILURE")
    assert records[name]["failure"]


def shells(record: dict[str, Any]) -> list[str]:
    """The commands of the jobs; what keeps their evidence is not one of them."""
    lines = (line.strip() for line in record["lines"])
    commands = [line[3:].partition(" # sees ")[0] for line in lines if line.startswith("sh ")]
    return [each for each in commands if each != KEEP]


def enclosing(lines: list[str], start: str) -> list[str]:
    """The blocks around the line that begins with `start`, outermost first."""
    around: list[str] = []
    for line in lines:
        if line.lstrip().startswith(start.strip()):
            return around
        if line.endswith(" {"):
            around.append(line.strip())
        elif line.strip() == "}":
            around.pop()
    raise AssertionError(f"no line {start}")
