"""GitHub Actions: hand edits of expressions, the event, annotations that stay one line, tokens."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleis.contract import platform
from gleis.contract.platform import Distribution
from gleis.errors import GleisError
from gleis.findings import Finding, Severity, WaiverRef
from gleis.pipeline import ci
from gleis.pipeline import graph as graphs
from gleis.pipeline.ci import differences, github, views

ROOT = Path(__file__).resolve().parents[3]
GRAPH = graphs.load(ROOT / "ci" / "pipeline.yaml")
PLATFORM = platform.load(ROOT / "platform.yaml")

# --- hand edits that are GitHub's own -----------------------------------------------------------

EDITS = [
    # what is edited, into what, and the job and field that the message must name
    ("|| (github.event_name == 'schedule')", "", "job package, events"),
    ("(github.event_name == 'schedule')", "(always())", "job package, events"),
    ("&& github.event.action == 'drift'", "", "job package, events"),
    ("github.ref_type == 'tag'", "true", "job package, events"),
    ("if: >-\n      ${{ contains", "if: >-\n      ${{ success() || contains", "job package, "),
    ('\'["dev", "staging", "prod"]\'', "'[\"dev\"]'", "job package, environments"),
    ('["dev", "staging", "prod"]\'), inputs.watched', "[]'), inputs.watched", "job watch, env"),
    ("GLEIS_ENVIRONMENT: staging", "GLEIS_ENVIRONMENT: prod", "job deliver, environments"),
    ("contains(fromJSON(inputs.environments), 'prod')", "true", "job deliver, "),
    ("needs.package.result == 'success'", "needs.package.result != ''", "job deliver, needs"),
    (
        "needs: [verify, train, package, deliver-dev]",
        "needs: [verify, package]",
        "job deliver, needs",
    ),
    (
        'fromJSON(\'["success", "skipped"]\'), needs.deliver-dev.result',
        "1, 1",
        "job deliver, needs",
    ),
    ("needs: [verify, train]", "needs: [train, verify]", "job package, needs"),
    ("group: deliver-staging", "group: deliver", "job deliver, concurrency"),
    (
        "group: deliver-dev\n      cancel-in-progress: false",
        "group: deliver-dev\n      cancel-in-progress: true",
        "job deliver, concurrency",
    ),
    ("environment: prod #", "environment: dev #", "job deliver, approval"),
    (
        "    environment: prod # its reviewers approve before it starts\n",
        "",
        "job deliver, approval",
    ),
    ("${{ secrets.GLEIS_GITOPS_TOKEN }}", "${{ secrets.OTHER }}", "job deliver, secrets"),
    ("      GLEIS_GITOPS_TOKEN:\n", "      OTHER:\n", "job deliver, secrets"),
    ("contents: read", "contents: write", "job verify, permissions"),
    ("id-token: write", "id-token: none", "job train, permissions"),
    ("--stage lint --stage test", "--stage test --stage lint", "job verify, stages"),
    ("gleis run --environment", "true || gleis run --environment", "job verify, stages"),
    ("--stage deploy --stage smoke", "--stage deploy", "job deliver, stages"),
    ("--stage monitor", "--stage monitor --force", "job watch, stages"),
    ("timeout-minutes: 70", "timeout-minutes: 700", "job deliver, timeout_minutes"),
    ("uses: hashicorp/setup-terraform@", "uses: other/setup-terraform@", "job deliver, tools"),
    ("terraform_wrapper: false", "terraform_wrapper: true", "job deliver, tools"),
    ("- name: Get terraform\n", "- if: false\n", "job deliver, tools"),
    ("inputs.runner-docker }}\n", "inputs.runner-cpu }}\n", "job package, runner"),
    ("  deliver-prod:\n", "  deliver-other:\n", "job deliver, environments"),
    ("  verify:\n", "  check:\n", "job verify, id"),
    (
        "            .gleis/run\n            .gleis/out\n",
        "            .gleis/out\n",
        "job train, artifacts",
    ),
    (
        "name: gleis-package\n          path: |",
        "name: other\n          path: |",
        "job package, artif",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "named"), EDITS, ids=[f"{i}-{e[2]}" for i, e in enumerate(EDITS)]
)
def test_an_edited_expression_is_named_by_job_and_field(old: str, new: str, named: str) -> None:
    files = github.render(GRAPH, PLATFORM)
    name = next(name for name, text in files.items() if old in text)
    edited = {**files, name: files[name].replace(old, new, 1)}

    said = differences(views(GRAPH), github.read_back(edited))

    assert any(line.startswith(named) for line in said), said


@pytest.mark.parametrize("text", ["jobs: [", "name: x\n", "jobs: []\n", "- 1\n"])
def test_a_file_that_is_no_workflow_is_refused_in_words(text: str) -> None:
    with pytest.raises(GleisError, match=r"ml-pipeline\.yml"):
        github.read_back({github.PIPELINE: text})


def test_the_workflows_name_no_repository_of_the_platform() -> None:
    for text in github.render(GRAPH, PLATFORM).values():
        assert f"{PLATFORM.git.owner}/{PLATFORM.git.repository}" not in text
        assert PLATFORM.git.owner not in text


def test_no_input_reaches_a_script_as_text() -> None:
    from gleis.contract import document

    for name, text in github.render(GRAPH, PLATFORM).items():
        jobs = document.parse(text, Path(name)).data["jobs"]
        scripts = [
            step["run"] for job in jobs.values() for step in job.get("steps", ()) if "run" in step
        ]
        assert scripts or name == github.SCHEDULE
        assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Distribution("git"), "git+${GITHUB_SERVER_URL}/"),
        (Distribution("path", "/opt/gleis.whl"), "{GLEIS_SOURCE:-/opt/gleis.whl}"),
        (Distribution("index", "https://pypi.example.com/simple"), "{GLEIS_SOURCE:-gleis=="),
    ],
)
def test_the_command_comes_from_where_the_organisation_says(
    distribution: Distribution, expected: str
) -> None:
    from dataclasses import replace

    text = github.render(GRAPH, replace(PLATFORM, distribution=distribution))[github.PIPELINE]
    assert expected in text
    if distribution.source == "index":
        assert 'UV_INDEX: "https://pypi.example.com/simple"' in text


# --- the running build --------------------------------------------------------------------------

REPOSITORY = {"repository": {"default_branch": "trunk"}}


@pytest.mark.parametrize(
    ("name", "ref", "payload", "event"),
    [
        ("pull_request", "refs/pull/7/merge", REPOSITORY, "pull-request"),
        ("push", "refs/heads/trunk", REPOSITORY, "main"),
        ("push", "refs/heads/feature", REPOSITORY, "pull-request"),
        ("push", "refs/heads/trunk", {}, "pull-request"),
        ("push", "refs/tags/v1", REPOSITORY, "tag"),
        ("schedule", "refs/heads/trunk", REPOSITORY, "schedule"),
        ("workflow_dispatch", "refs/heads/trunk", REPOSITORY, "manual"),
        ("repository_dispatch", "refs/heads/trunk", {"action": "drift"}, "drift"),
        ("repository_dispatch", "refs/heads/trunk", {"action": "other"}, "pull-request"),
        ("pull_request_target", "refs/heads/trunk", REPOSITORY, "pull-request"),
        ("issue_comment", "refs/heads/trunk", REPOSITORY, "pull-request"),
        ("push", "refs/heads/trunk", {"repository": "odd"}, "pull-request"),
    ],
)
def test_an_event_is_one_of_the_graph_and_an_unknown_one_may_do_the_least(
    name: str, ref: str, payload: dict[str, object], event: str
) -> None:
    assert github.event_of(name, ref, payload) == event
    assert event in GRAPH.events


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    (tmp_path / "event.json").write_text(json.dumps(REPOSITORY))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_HEAD_REF": "feature",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "example-org/model",
        "GITHUB_RUN_ID": "42",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_WORKSPACE": str(tmp_path),
        **more,
    }


def test_a_build_knows_its_branch_commit_change_and_page(tmp_path: Path) -> None:
    build = ci.detect(environ(tmp_path))
    assert (build.name, build.event, build.branch) == ("github", "pull-request", "feature")
    assert (build.commit, build.change_request) == ("0" * 40, "7")
    assert build.build_url == "https://github.com/example-org/model/actions/runs/42"


def test_outside_of_ci_it_is_the_laptop() -> None:
    build = ci.detect({"GITHUB_EVENT_NAME": "push"})
    assert (build.name, build.event) == ("local", "manual")
    with pytest.raises(GleisError, match="outside of CI"):
        build.oidc_token("sigstore")


def test_summary_and_artifacts_go_where_the_workflow_takes_them_from(tmp_path: Path) -> None:
    build = github.detect(environ(tmp_path))
    assert build is not None
    build.publish_summary("# one")
    build.publish_summary("two\n")
    assert (tmp_path / "summary.md").read_text() == "# one\ntwo\n"
    report = tmp_path / "elsewhere.html"
    report.write_text("x")
    build.store_artifact(report)
    assert (tmp_path / ".gleis" / "run" / "elsewhere.html").read_text() == "x"


def finding(**changes: object) -> Finding:
    given = {
        "rule": "r",
        "severity": Severity.HIGH,
        "message": "m",
        "remediation": "do",
        "file": "a.py",
    }
    return Finding(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85", "%", "::", ","]
)
def test_nothing_in_a_finding_ends_its_annotation_or_starts_another(character: str) -> None:
    evil = f"x{character}::error file=/etc/passwd::owned{character}::add-mask::y"
    command = github.command(
        finding(message=evil, remediation=evil, file=f"a{character}b,line=9::c", rule=evil, line=3)
    )
    assert len(command.splitlines()) == 1
    head, _, _ = command.removeprefix("::").partition("::")
    properties = head.removeprefix("error ").split(",")
    assert [each.partition("=")[0] for each in properties] == ["file", "line", "title"]
    assert all(":" not in each for each in properties)


def test_the_level_of_an_annotation_says_how_bad_it_is() -> None:
    from datetime import date

    waiver = WaiverRef("o", "a", "T-1", "because", date(2030, 1, 1))
    assert (
        github.command(finding(line=2, column=5))
        == "::error file=a.py,line=2,title=r,col=5::m%0Ado"
    )
    assert github.command(finding(severity=Severity.LOW)).startswith("::warning ")
    assert github.command(finding(severity=Severity.INFO)).startswith("::notice ")
    assert github.command(finding(waiver=waiver)).startswith("::notice ")
    assert github.command(finding(file=None)) == "::error title=r::m%0Ado"


# --- identity tokens ----------------------------------------------------------------------------

BEARER = "given-to-the-job"


APPROVALS = json.dumps(
    [
        {"state": "rejected", "environments": [{"name": "prod"}], "user": {"login": "vision"}},
        {"state": "approved", "environments": [{"name": "staging"}], "user": {"login": "vision"}},
        {"state": "approved", "environments": [{"name": "prod"}], "user": {"login": "quality"}},
    ]
).encode()


class Endpoint(http.server.BaseHTTPRequestHandler):
    """GitHub's token end-point: answers by path."""

    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        type(self).asked.append((self.path, self.headers.get("Authorization")))
        status = {"/refused": 403, "/moved": 302}.get(self.path.partition("?")[0], 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/token?stolen=yes")
        self.end_headers()
        body = b"no json" if self.path.startswith("/broken") else b'{"value": "signed.by.github"}'
        if self.path.endswith("/approvals"):
            body = APPROVALS
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def build(tmp_path: Path, url: str) -> github.Build:
    asked = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
    found = github.detect(environ(tmp_path, **asked))
    assert found is not None
    return found


def test_a_token_is_asked_for_its_audience_with_the_jobs_credential(
    endpoint: str, tmp_path: Path
) -> None:
    answer = build(tmp_path, f"{endpoint}/token?api-version=2").oidc_token("https://reg/&x=1")
    assert answer == "signed.by.github"
    assert Endpoint.asked == [
        ("/token?api-version=2&audience=https%3A%2F%2Freg%2F%26x%3D1", f"bearer {BEARER}")
    ]


@pytest.mark.parametrize("path", ["/refused", "/moved", "/broken"])
def test_a_failing_endpoint_is_named_without_the_credential_and_not_followed(
    endpoint: str, tmp_path: Path, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GleisError) as caught:
        build(tmp_path, endpoint + path).oidc_token("sigstore")
    assert caught.value.exit_code == 3
    assert BEARER not in str(caught.value) + "".join(capfd.readouterr())
    assert caught.value.__cause__ is None
    assert len(Endpoint.asked) == 1


def test_the_credential_is_sent_over_https_only_and_its_absence_is_explained(
    tmp_path: Path,
) -> None:
    with pytest.raises(GleisError, match="not HTTPS"):
        build(tmp_path, "http://token.example.com/x").oidc_token("sigstore")
    with pytest.raises(GleisError, match="id-token: write"):
        build(tmp_path, "").oidc_token("sigstore")


# --- approvals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starter", "environment", "approver"),
    [
        ("drivetrain", "prod", "quality"),
        ("drivetrain", "staging", "vision"),
        ("drivetrain", "dev", ""),
        ("quality", "prod", ""),
    ],
    ids=["a reviewer", "of the environment asked for", "nobody", "who started it does not count"],
)
def test_the_approver_is_the_reviewer_and_never_who_started_the_run(
    endpoint: str, tmp_path: Path, starter: str, environment: str, approver: str
) -> None:
    said = {
        "GITHUB_API_URL": endpoint,
        "GITHUB_REPOSITORY": "example-org/bearing-wear",
        "GITHUB_RUN_ID": "42",
        "GITHUB_TOKEN": BEARER,
        "GITHUB_ACTOR": starter,
    }
    found = github.detect(environ(tmp_path, **said))
    assert found is not None
    assert found.approver(environment) == approver
    assert Endpoint.asked == [
        ("/repos/example-org/bearing-wear/actions/runs/42/approvals", f"bearer {BEARER}")
    ]


def test_without_a_token_nobody_has_approved(tmp_path: Path) -> None:
    found = github.detect(environ(tmp_path))
    assert found is not None
    assert found.approver("prod") == ""
