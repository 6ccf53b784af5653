"""The questions: few, each with a default and a help text, and clear about what they refuse."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
QUESTIONS: dict[str, Any] = {
    name: question
    for name, question in yaml.safe_load((ROOT / "copier.yml").read_text()).items()
    if not name.startswith("_")
}
ASKED = {name: each for name, each in QUESTIONS.items() if each.get("when") is not False}
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-_.A é/\n'\"{}%:"


def refusal(platform: Path, folder: Path, **answers: Any) -> str:
    """Why these answers are refused ("" when they are not); nothing is written in any case."""
    try:
        copier.run_copy(
            str(platform), folder, data=answers, defaults=True, quiet=True, pretend=True
        )
    except ValueError as error:
        return str(error)
    finally:
        assert not folder.exists()
    return ""


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions and one file: answers are judged the same, only faster."""
    folder = tmp_path_factory.mktemp("questions")
    for name in ("copier.yml", "platform.yaml"):
        (folder / name).write_text((ROOT / name).read_text())
    (folder / "template").mkdir()
    (folder / "template" / "name.jinja").write_text("{{ name }} {{ package }} {{ platform_sha }}\n")
    return folder


def test_at_most_eight_are_asked() -> None:
    assert len(ASKED) <= 8


@pytest.mark.parametrize("name", ASKED)
def test_each_has_a_default_a_help_text_and_a_validator(name: str) -> None:
    assert ASKED[name]["default"] not in (None, "")
    assert 10 <= len(ASKED[name]["help"]) <= 120
    assert "{%" in ASKED[name]["validator"]


def test_nothing_is_executed_when_a_repo_is_made() -> None:
    settings_ = yaml.safe_load((ROOT / "copier.yml").read_text())
    assert not {"_tasks", "_migrations", "_jinja_extensions", "_envops"} & set(settings_)


@pytest.mark.parametrize("profile", sorted((ROOT / "profiles").glob("*.yml")), ids=lambda p: p.stem)
def test_a_profile_answers_questions_that_are_asked(profile: Path) -> None:
    assert set(yaml.safe_load(profile.read_text())) <= set(ASKED) - {"name", "team"}


def test_every_name_that_python_uses_itself_is_reserved() -> None:
    reserved = set(QUESTIONS["reserved"]["default"].split())
    taken = {*sys.stdlib_module_names, *keyword.kwlist, *keyword.softkwlist}
    names = {name for name in taken if re.fullmatch(r"[a-z][a-z0-9_]{2,}", name)}
    assert names - reserved == set()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("class", "taken by Python"),
        ("json", "taken by Python"),
        ("prometheus-client", "taken by Python, a library"),
        ("kube-model", "taken by Python, a library or the cluster"),
        ("yes", "taken by"),
        ("Bearing-Wear", "not a DNS name"),
        ("bearing_wear", "not a DNS name"),
        ("bearing-", "not a DNS name"),
        ("4-bearings", "not a DNS name"),
        ("bearing--wear", "two hyphens"),
        ("bearing\n", "not a DNS name"),
        ("{{ 7 * 7 }}", "not a DNS name"),
        ("ab", "2 characters: 3 to 40"),
        ("a" * 41, "41 characters: 3 to 40"),
        ("", "not a DNS name"),
    ],
)
def test_a_name_that_would_hurt_later_is_refused(
    plain: Path, tmp_path: Path, name: str, why: str
) -> None:
    assert why in refusal(plain, tmp_path / "x", name=name)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"team": "Drive Train"}, "such as drivetrain"),
        ({"team": "no"}, "means something else in YAML"),
        ({"framework": "caffe"}, "not in ['sklearn', 'pytorch']"),
        ({"task": "clustering"}, ""),
        ({"serving": "pigeon"}, ""),
        ({"target": "mainframe"}, ""),
        ({"ci": ["travis"]}, ""),
        ({"ci": []}, "choose github, jenkins or both"),
        ({"compute": "many"}, "NODESxGPUS"),
        ({"compute": "2"}, "only 0 is allowed"),
        ({"framework": "sklearn", "compute": "4x8"}, "only 0 is allowed"),
        ({"framework": "pytorch", "compute": "8x"}, "NODESxGPUS"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_an_answer_that_is_not_offered_is_refused(
    plain: Path, tmp_path: Path, answers: dict[str, Any], why: str
) -> None:
    said = refusal(plain, tmp_path / "x", **answers)
    assert said
    assert why in said


def test_a_team_that_is_not_known_yet_is_left_to_the_contract(plain: Path, tmp_path: Path) -> None:
    assert refusal(plain, tmp_path / "x", team="gearbox") == ""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(ALPHABET, max_size=45) | st.from_regex(r"[a-z][a-z0-9-]{0,45}", fullmatch=True))
def test_any_name_is_refused_with_a_reason_or_makes_a_package(
    plain: Path, tmp_path: Path, name: str
) -> None:
    said = refusal(plain, tmp_path / "x", name=name)
    if said:
        assert re.search("not a DNS name|two hyphens|characters: 3 to 40|is taken by", said)
    else:
        package = name.replace("-", "_")
        assert package.isidentifier()
        assert not keyword.iskeyword(package)
        assert package not in sys.stdlib_module_names
        assert 3 <= len(name) <= 40
