"""Jenkins Job Builder makes the jobs of all tenants; the XML for three of them is committed.

To accept a change on purpose: `GLEIS_ACCEPT=1 ./dev test tests/jenkins`, then read the diff.
"""

from __future__ import annotations

import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from tests.jenkins.conftest import LIBRARY, REPO

from gleis.errors import GleisError
from gleis.pipeline.ci.jenkins import tenant_jobs
from gleis.tools import environments, process
from gleis.tools.environments import Environment

GOLDEN = Path(__file__).parent / "golden" / "jobs"
THREE = [
    {
        "team": "vision",
        "project": "paint-defects",
        "repo": "https://github.com/example-org/paint-defects",
        "schedule": "H 4 1 * *",
    },
    {
        "team": "drivetrain",
        "project": "bearing-wear",
        "repo": "https://github.com/example-org/bearing-wear.git",
        "schedule": "0 3 * * 0",
    },
    {
        "team": "drivetrain",
        "project": "gear-noise",
        "repo": "https://git.example.com/drivetrain/gear-noise.git",
        "schedule": "",
    },
]


@pytest.fixture(scope="session")
def builder() -> Environment:
    return environments.ensure(
        REPO / "requirements" / "jenkins.lock", name="jenkins", cache=REPO / ".dev"
    )


def built(builder: Environment, tenants: Sequence[dict[str, str]], folder: Path) -> Path:
    """The XML that Jenkins Job Builder makes of the templates and `tenants`."""
    (folder / "jobs").mkdir(parents=True)
    shutil.copy(LIBRARY / "jobs" / "templates.yaml", folder / "jobs")
    (folder / "jobs" / "tenants.yaml").write_text(tenant_jobs(tenants))
    argv: list[str | Path] = [builder.bin / "jenkins-jobs", "--conf", "/dev/null", "test"]
    argv += [folder / "jobs", "--config-xml", "-o", folder / "xml"]
    process.run(argv, timeout=600, cwd=folder, env=process.clean_env(), check=True)
    return folder / "xml"


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.xml")}


@pytest.fixture(scope="module")
def three(builder: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(builder, THREE, tmp_path_factory.mktemp("three"))


def test_the_jobs_of_three_tenants_are_the_committed_ones(three: Path) -> None:
    if os.environ.get("GLEIS_ACCEPT"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(three, GOLDEN)
    assert texts(three) == texts(GOLDEN)


def test_every_tenant_has_its_pipeline_and_what_retrains_it(three: Path) -> None:
    found = {Path(name).parent.as_posix() for name in texts(three)}
    assert found == {
        "gleis",
        "gleis/drivetrain",
        "gleis/drivetrain/bearing-wear",
        "gleis/drivetrain/bearing-wear-retrain",
        "gleis/drivetrain/gear-noise",
        "gleis/vision",
        "gleis/vision/paint-defects",
        "gleis/vision/paint-defects-retrain",
        "models-drivetrain",
        "models-vision",
    }


def test_a_change_from_a_fork_never_runs_with_the_teams_credentials(three: Path) -> None:
    for name, text in texts(three).items():
        assert "ForkPullRequestDiscoveryTrait" not in text, name


def test_the_schedule_starts_main_in_the_sandbox(three: Path) -> None:
    tree = ET.parse(three / "gleis" / "drivetrain" / "bearing-wear-retrain" / "config.xml")
    assert tree.findtext(".//hudson.triggers.TimerTrigger/spec") == "0 3 * * 0"
    assert tree.findtext("./definition/sandbox") == "true"
    assert "'/gleis/drivetrain/bearing-wear/main'" in str(tree.findtext("./definition/script"))


def test_the_linter_of_jobs_is_content(builder: Environment, three: Path, tmp_path: Path) -> None:
    """Of ours, jenkins-job-linter knows views only: it skips what is no freestyle job."""
    for name, text in texts(three).items():
        (tmp_path / name.replace("/", "-")).write_text(text)
    argv: list[str | Path] = [builder.bin / "jenkins-job-linter", "lint-directory", tmp_path]
    done = process.run(argv, timeout=60, cwd=tmp_path, env=process.clean_env())
    assert done.returncode == 0, done.stdout + done.stderr

    view = (three / "models-vision" / "config.xml").read_text()
    without = re.sub(r"<columns>.*</columns>", "<columns/>", view, flags=re.DOTALL)
    (tmp_path / "models-vision").write_text(without)
    done = process.run(argv, timeout=60, cwd=tmp_path, env=process.clean_env())
    assert done.returncode == 1
    assert "models-vision" in done.stdout


@pytest.mark.long
def test_a_thousand_tenants_are_built(builder: Environment, tmp_path: Path) -> None:
    tenants = [
        {
            "team": f"team-{number % 40}",
            "project": f"model-{number}",
            "repo": f"https://github.com/example-org/model-{number}",
            "schedule": "H 3 * * 0",
        }
        for number in range(1000)
    ]
    found = texts(built(builder, tenants, tmp_path))
    assert len(found) == 1 + 40 + 2 * 1000 + 40
    for text in found.values():
        ET.fromstring(text.encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("team", "../admin"),
        ("team", ""),
        ("project", "x' }"),
        ("project", "{evil}"),
        ("project", "a" * 41),
        ("repo", "http://github.com/a/b"),
        ("repo", "https://somebody@github.com/a/b"),
        ("repo", "https://github.com/a/b\nc: d"),
        ("repo", 'https://github.com/a/b"'),
        ("repo", "/srv/git/x"),
        ("schedule", "0 3 * * 0\nTZ=UTC"),
        ("schedule", "@reboot please"),
    ],
)
def test_a_record_that_could_mean_something_else_is_refused(key: str, value: str) -> None:
    with pytest.raises(GleisError, match=key) as error:
        tenant_jobs([{**THREE[0], key: value}])
    assert "Allowed is" in str(error.value)


def test_a_project_that_is_there_twice_is_refused() -> None:
    with pytest.raises(GleisError, match="vision/paint-defects is there twice"):
        tenant_jobs([THREE[0], THREE[0]])


def test_the_order_of_the_records_does_not_matter() -> None:
    assert tenant_jobs(THREE) == tenant_jobs(THREE[::-1])
    assert yaml.safe_load(tenant_jobs(THREE))[0]["project"]["name"] == "team-drivetrain"


def test_an_enterprise_host_is_asked_at_its_own_address() -> None:
    record = {**THREE[0], "repo": "https://git.example.com/org/x"}
    said = yaml.safe_load(tenant_jobs([record], github="git.example.com"))[1]["project"]
    assert said["api"] == "https://git.example.com/api/v3"
    assert said["jobs"] == ["model-github", "retrain"]
