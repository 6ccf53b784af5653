"""The running build, as its variables tell of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from gleis.errors import GleisError
from gleis.findings import Finding, Severity
from gleis.pipeline.ci.jenkins import detect
from gleis.pipeline.ci.jenkins.build import Build

SERVER = {"JENKINS_URL": "https://jenkins.example.com/", "BUILD_NUMBER": "7"}


def build(**environ: str) -> Build:
    found = detect({**SERVER, **environ})
    assert found is not None
    return found


@pytest.mark.parametrize(
    "environ", [{}, {"JENKINS_URL": "https://jenkins.example.com/"}, {"BUILD_NUMBER": "7"}]
)
def test_where_jenkins_says_nothing_there_is_no_build(environ: dict[str, str]) -> None:
    assert detect(environ) is None


def test_a_build_of_main() -> None:
    found = build(
        GLEIS_EVENT="schedule",
        BRANCH_NAME="main",
        GIT_COMMIT="a" * 40,
        BUILD_URL="https://jenkins.example.com/job/x/7/",
    )
    assert (found.name, found.event, found.branch) == ("jenkins", "schedule", "main")
    assert (found.commit, found.change_request) == ("a" * 40, None)
    assert found.build_url == "https://jenkins.example.com/job/x/7/"


def test_a_build_of_a_change() -> None:
    found = build(CHANGE_ID="12", CHANGE_BRANCH="faster", BRANCH_NAME="PR-12")
    assert (found.event, found.branch, found.change_request) == ("pull-request", "faster", "12")


@pytest.mark.parametrize(
    ("environ", "event"),
    [
        ({"BRANCH_NAME": "main"}, "main"),
        ({"BRANCH_NAME": "v1", "TAG_NAME": "v1"}, "tag"),
        ({"BRANCH_NAME": "feature"}, "pull-request"),
        ({"BRANCH_NAME": "main", "CHANGE_ID": "1"}, "pull-request"),
        ({"TAG_NAME": "v1", "CHANGE_ID": "1"}, "pull-request"),
        ({}, "pull-request"),
    ],
)
def test_without_a_word_from_the_pipeline_the_least_is_assumed(
    environ: dict[str, str], event: str
) -> None:
    assert build(**environ).event == event


def test_findings_are_left_as_sarif_where_the_pipeline_looks(tmp_path: Path) -> None:
    found = Finding("SOP-003", Severity.HIGH, "x is not pinned", "Pin it", "Jenkinsfile", 3)
    whole = Finding("SOP-001", Severity.LOW, "no owner", "Name one", None)
    build(WORKSPACE=str(tmp_path)).annotate([found, whole])
    said = json.loads((tmp_path / ".gleis" / "ci" / "build" / "findings.sarif").read_text())
    assert said["version"] == "2.1.0"
    first, second = said["runs"][0]["results"]
    assert first["ruleId"] == "SOP-003"
    assert first["level"] == "error"
    assert first["message"]["text"] == "x is not pinned. Pin it"
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "Jenkinsfile"}, "region": {"startLine": 3}}
    assert second["level"] == "note"
    assert second["locations"] == []


def test_a_summary_and_files_are_kept_with_the_build(tmp_path: Path) -> None:
    found = build(WORKSPACE=str(tmp_path), STAGE_NAME="deliver dev")
    (tmp_path / "card.md").write_text("# Card\n")
    found.publish_summary("# Fine\n")
    found.store_artifact(tmp_path / "card.md")
    assert (tmp_path / ".gleis" / "ci" / "deliver dev" / "summary.md").read_text() == "# Fine\n"
    assert (tmp_path / ".gleis" / "ci" / "deliver dev" / "card.md").read_text() == "# Card\n"


def test_the_name_of_a_stage_leads_nowhere_else(tmp_path: Path) -> None:
    build(WORKSPACE=str(tmp_path), STAGE_NAME="../../x").publish_summary("# Fine\n")
    assert [path.name for path in (tmp_path / ".gleis" / "ci").iterdir()] == ["------x"]


def token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.signature"


@pytest.mark.parametrize("audience", ["sts.amazonaws.com", ["other", "sts.amazonaws.com"]])
def test_the_token_of_the_job_is_given_to_whom_it_is_for(tmp_path: Path, audience: object) -> None:
    file = tmp_path / "token"
    file.write_text(token(aud=audience) + "\n")
    found = build(GLEIS_OIDC_TOKEN_FILE=str(file))
    assert found.oidc_token("sts.amazonaws.com") == token(aud=audience)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (token(aud="sigstore"), "is for sigstore, not for sts.amazonaws.com"),
        (token(sub="x"), "is for nobody"),
        ("not a token", "is for nobody"),
        (None, "cannot be read"),
    ],
)
def test_a_token_that_is_no_good_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)
    with pytest.raises(GleisError, match=said) as error:
        build(GLEIS_OIDC_TOKEN_FILE=str(file)).oidc_token("sts.amazonaws.com")
    assert "gleis-oidc" in str(error.value)
    assert text is None or text not in str(error.value)


def test_a_job_without_id_token_has_none() -> None:
    with pytest.raises(GleisError, match="permission id-token"):
        build().oidc_token("sts.amazonaws.com")
