"""Rules, pages and fixtures belong together; what does not is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleis import resources
from gleis.check import catalogue, engine, rule
from gleis.check.rule import Violation
from gleis.check.rules.images import CHECKS
from gleis.contract import ContractError
from gleis.findings import Severity

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A copy of the catalogue that a test may spoil."""
    return shutil.copytree(resources.path(catalogue.FOLDER), tmp_path / "sops")


def _spoil(pages: Path, old: str, new: str) -> None:
    page = next(pages.glob("SOP-003-*"))
    assert old in page.read_text()
    page.write_text(page.read_text().replace(old, new, 1))


def test_rules_pages_and_fixtures_belong_together():
    assert catalogue.gaps(rule.load(), catalogue.load(), FIXTURES) == []


def test_a_rule_without_a_page_is_refused():
    pages = catalogue.load()
    del pages["SOP-003"]

    assert catalogue.gaps(rule.load(), pages) == ["SOP-003 has a rule, but no page in docs/sops"]


def test_a_page_without_a_rule_is_refused():
    rules = set(rule.load()) - {"SOP-003"}

    assert catalogue.gaps(rules, catalogue.load()) == ["SOP-003 has a page, but no rule"]


def test_the_engine_does_not_start_with_a_gap(project, check, monkeypatch):
    pages = {name: sop for name, sop in catalogue.load().items() if name != "SOP-003"}
    monkeypatch.setattr(catalogue, "load", lambda: pages)

    with pytest.raises(engine.CheckRefused, match="SOP-003 has a rule, but no page"):
        check(project)


@pytest.mark.parametrize("kind", ["pass", "fail"])
def test_a_rule_without_a_fixture_of_each_kind_is_refused(tmp_path, kind):
    for name in rule.load():
        for each in ("pass", "fail"):
            if (name, each) != ("SOP-003", kind):
                (tmp_path / name / f"{each}-x").mkdir(parents=True)

    gaps = catalogue.gaps(rule.load(), catalogue.load(), tmp_path)

    assert gaps == [f"SOP-003 has no {kind}ing fixture in {tmp_path / 'SOP-003'}"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("remediation: Replace", "remediaton: Replace", "remediation"),
        ("severity: high", "severity: terrible", "severity"),
        ("tier: bronze", "tier: iron", "tier"),
        ("id: SOP-003", "id: SOP-004", "SOP-004-<slug>.md is expected"),
        ("graceDate: null", "graceDate: soon", "graceDate"),
        ("---\n", "", "front matter"),
    ],
)
def test_a_page_that_says_too_little_or_wrong_is_refused(pages, old, new, says):
    _spoil(pages, old, new)

    with pytest.raises(ContractError) as caught:
        catalogue.load(pages)

    assert says in str(caught.value)
    assert "docs/sops/SOP-003-pinned-ci-references.md" in str(caught.value)


def test_two_pages_with_one_id_are_refused(pages):
    shutil.copy(next(pages.glob("SOP-003-*")), pages / "SOP-003-again.md")

    with pytest.raises(ContractError, match=r"stands on docs/sops/SOP-003-again\.md already"):
        catalogue.load(pages)


def test_two_rules_with_one_id_are_refused():
    registry: rule.Registry = {}

    class SOP999:
        """Nothing."""

        @staticmethod
        def check() -> Iterator[Violation]:
            yield from ()

    rule.rule(registry=registry)(SOP999)

    with pytest.raises(ValueError, match="SOP-999 is defined in"):
        rule.rule(registry=registry)(SOP999)


def test_a_rule_with_another_name_is_refused():
    with pytest.raises(ValueError, match="is named SOPnnn, not Pinned"):
        rule.rule(registry={})(type("Pinned", (), {"check": staticmethod(lambda: iter(()))}))


def test_every_page_has_the_four_parts_that_a_reader_needs():
    for sop in catalogue.load().values():
        text = resources.path(sop.page).read_text(encoding="utf-8")
        for heading in ("## Why", "## What to do", "## Check by hand", "## Waiver"):
            assert f"\n{heading}\n" in text, f"{sop.page} lacks {heading}"
        assert f"# {sop.id}: " in text
        assert sop.severity in Severity


def test_the_checks_of_checkov_on_the_page_are_those_the_rule_reads():
    assert set(catalogue.load()["SOP-005"].check_ids) == CHECKS


def test_every_rule_asks_for_inputs_that_there_are():
    from gleis.check import inputs

    given = {"platform", "today", "catalogue", "kind", "progress"}
    for spec in rule.load().values():
        assert set(spec.inputs) <= set(inputs.load()) | given
