"""Must-pass and must-fail project files. The first line of a must-fail file names rule and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gleis.contract import ContractError, document, project, project_rules
from gleis.contract.platform import Platform
from gleis.contract.problem import Problem

HERE = Path(__file__).parent
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = sorted((HERE / "valid").glob("*.yaml"))
FIRST_LINE = re.compile(r"# (?P<rule>[a-z]+/[a-z-]+):(?P<line>\d+) (?P<why>\S.*)")


def problems(path: Path, organisation: Platform) -> list[Problem]:
    try:
        loaded = document.load(path)
    except ContractError as error:
        return list(error.problems)
    return project.problems_in(loaded, HERE, organisation)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_project_has_no_problem(path: Path, organisation: Platform) -> None:
    assert problems(path, organisation) == []


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_project_breaks_exactly_the_rule_that_it_names(
    path: Path, organisation: Platform
) -> None:
    expected = FIRST_LINE.fullmatch(path.read_text().partition("\n")[0])
    assert expected, f"the first line of {path.name} must be `# rule:line why`"

    found = problems(path, organisation)

    assert [(each.rule, each.line) for each in found] == [
        (expected["rule"], int(expected["line"]))
    ], "\n".join(map(str, found))


def test_every_rule_about_projects_has_a_file_that_breaks_it() -> None:
    named = {FIRST_LINE.match(path.read_text())["rule"] for path in INVALID}  # type: ignore[index]
    assert set(project_rules.RULES) <= named


def test_there_are_enough_fixtures() -> None:
    assert len(INVALID) >= 20
    assert len(VALID) >= 8


def test_a_message_has_the_place_the_value_what_is_allowed_and_a_guess(
    organisation: Platform,
) -> None:
    (problem,) = problems(HERE / "invalid" / "unknown-team.yaml", organisation)
    assert str(problem) == (
        'unknown-team.yaml:6:9: no team "drivetrian" in platform.yaml '
        "Allowed: drivetrain, vision, quality, platform. "
        'Did you mean "drivetrain"? [project/team-exists]'
    )


def test_a_project_is_typed_once_it_is_valid(tmp_path: Path, organisation: Platform) -> None:
    text = (HERE / "valid" / "sklearn-online.yaml").read_text()
    (tmp_path / "project.yaml").write_text(text)
    (tmp_path / "data-contract.yaml").write_text((HERE / "data-contract.yaml").read_text())

    loaded = project.load(tmp_path, organisation)

    assert loaded.package == "bearing_wear"
    assert loaded.metadata.cost_center == "CC-4711"
    assert loaded.model.metric.slices == ("machine_type",)
    assert loaded.serving.slo is not None
    assert loaded.serving.slo.latency_p99_ms == 200.0
    assert loaded.delivery.environments == ("dev", "staging", "prod")


def test_a_missing_project_file_is_said_with_the_folder(
    tmp_path: Path, organisation: Platform
) -> None:
    with pytest.raises(ContractError, match=r"project\.yaml is missing in ") as caught:
        project.load(tmp_path, organisation)
    assert caught.value.exit_code == 2


def test_all_problems_are_told_at_once(tmp_path: Path, organisation: Platform) -> None:
    text = (HERE / "valid" / "sklearn-online.yaml").read_text()
    text = text.replace("framework: sklearn", "framework: torch").replace(
        "maxHours: 2", "maxHours: -1"
    )
    (tmp_path / "project.yaml").write_text(text)
    with pytest.raises(ContractError) as caught:
        project.load(tmp_path, organisation)
    assert [problem.rule for problem in caught.value.problems] == [
        "schema/not-allowed",
        "schema/range",
    ]


@pytest.mark.parametrize(
    ("expression", "valid"),
    [
        ("0 3 * * 0", True),
        ("*/15 * * * *", True),
        ("0,30 8-18/2 1 1-6 7", True),
        ("0 3 * *", False),
        ("60 3 * * 0", False),
        ("5-1 3 * * 0", False),
        ("*/0 3 * * 0", False),
        ("0 3 * * SUN", False),
        ("$(id) * * * *", False),
    ],
)
def test_cron_expressions(expression: str, valid: bool) -> None:
    assert project_rules.is_cron(expression) is valid
