"""Alerts fire when they should, stay while they should, end when they should; promtool says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.tools import catalogue, process

from .rig.programs import REPO
from .services import rules

SUITES = sorted((Path(__file__).parent / "promtool").glob("*.yaml"))
RENDERED = ("online-prod", "batch-prod", "low-promise")
RUNBOOKS = REPO / "docs" / "runbooks"


def alerts(name: str) -> list[dict[str, Any]]:
    return [rule for group in rules(name) for rule in group["rules"] if "alert" in rule]


@pytest.fixture(scope="module")
def rule_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules that the chart renders, where the suites look for them.

    The intervals of the groups are left out: each suite says how often it evaluates, because nine
    days at 30 seconds take promtool a minute.
    """
    folder = tmp_path_factory.mktemp("rules")
    for name in RENDERED:
        groups = rules(name)
        for group in groups:
            del group["interval"]
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"groups": groups}))
    return folder


@pytest.mark.real
@pytest.mark.needs("promtool")
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.stem)
def test_promtool_finds_every_alert_as_the_suite_says(suite: Path, rule_files: Path) -> None:
    told = rule_files / f"test-{suite.name}"
    told.write_bytes(suite.read_bytes())
    done = process.run([catalogue.require("promtool"), "test", "rules", told], timeout=300)

    assert done.ok, done.stdout + done.stderr


@pytest.mark.real
@pytest.mark.needs("promtool")
def test_a_rule_that_fires_late_would_be_found(rule_files: Path, tmp_path: Path) -> None:
    for name in RENDERED:
        text = (rule_files / f"{name}.yaml").read_text()
        (tmp_path / f"{name}.yaml").write_text(text.replace("for: 2m", "for: 40m"))
    suite = tmp_path / "test.yaml"
    suite.write_bytes((Path(__file__).parent / "promtool" / "availability.yaml").read_bytes())
    done = process.run([catalogue.require("promtool"), "test", "rules", suite], timeout=300)

    assert not done.ok


@pytest.mark.real
@pytest.mark.needs("promtool")
@pytest.mark.parametrize("name", ["online-dev", "kserve", "batch", *RENDERED])
def test_prometheus_takes_the_rules(name: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rules(name)}))
    done = process.run([catalogue.require("promtool"), "check", "rules", file], timeout=60)

    assert done.ok, done.stdout + done.stderr


def test_every_alert_is_seen_firing_and_seen_silent() -> None:
    asked = [
        (each["expr"], sample["value"])
        for suite in SUITES
        for test in yaml.safe_load(suite.read_text())["tests"]
        for each in test.get("promql_expr_test", [])
        for sample in each["exp_samples"]
    ]
    for name in {each["alert"] for rendered in RENDERED for each in alerts(rendered)}:
        about = [(expr, value) for expr, value in asked if _names(expr, name)]
        assert any(value == 0 for _, value in about), f"{name} is never seen silent"
        assert any(value > 0 for _, value in about), f"{name} is never seen firing"


def _names(expression: str, alert: str) -> bool:
    """Whether the expression asks for this alert, by name or by a pattern."""
    for operator, pattern in re.findall(r'alertname(=~|=)"([^"]+)"', expression):
        if pattern == alert or (operator == "=~" and re.fullmatch(pattern, alert)):
            return True
    return False


@pytest.mark.parametrize("name", ["online-prod", "online-dev", "batch"])
def test_every_alert_names_its_owner_and_a_runbook_that_is_there(name: str) -> None:
    found = alerts(name)

    assert found
    for each in found:
        assert each["labels"].keys() >= {"severity", "owner", "team", "environment", "model"}
        assert each["labels"]["owner"].endswith("-ml@example.com")
        address = each["annotations"]["runbook_url"]
        assert address.startswith("https://github.com/example-org/gleis/blob/main/docs/runbooks/")
        page = RUNBOOKS / address.rpartition("/")[2]
        assert each["alert"] in page.read_text(), f"{page} does not speak of {each['alert']}"


def test_only_prod_wakes_anybody() -> None:
    def severities(name: str) -> set[str]:
        return {each["labels"]["severity"] for each in alerts(name)}

    assert severities("online-dev") == {"ticket"}
    assert severities("online-prod") == {"page", "ticket"}


def test_windows_and_burn_rates_are_those_of_the_workbook() -> None:
    burning = [each for each in alerts("online-prod") if each["alert"].endswith("BudgetBurn")]
    expected = {"1h": ("5m", 14.4), "6h": ("30m", 6.0), "3d": ("6h", 1.0)}

    assert len(burning) == 2 * len(expected)
    for each in burning:
        budget = 0.005 if "Availability" in each["alert"] else 0.01
        short, rate = expected[each["labels"]["window"]]
        windows = re.findall(r":ratio_rate(\w+)\{[^}]*\} > ([\d.]+)", each["expr"])
        assert [name for name, _ in windows] == [each["labels"]["window"], short]
        assert [float(limit) for _, limit in windows] == pytest.approx([rate * budget] * 2)


def test_rules_are_evaluated_more_often_than_prometheus_forgets() -> None:
    # After five minutes without a sample a series counts as gone, and with it an alert's `for`.
    for name in ("online-prod", "batch"):
        assert {group["interval"] for group in rules(name)} <= {"30s", "1m", "2m"}
