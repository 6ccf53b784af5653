"""Findings and their formats."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import jsonschema_rs
import pytest

from gleis import resources
from gleis.findings import Finding, Fix, Report, RuleInfo, Severity, WaiverRef, fingerprint, formats

WAIVER = WaiverRef("a@example.com", "b@example.com", "ML-1", "until June", date(2026, 6, 1))
FINDING = Finding(
    rule="SOP-003",
    severity=Severity.HIGH,
    message="x@main is not pinned",
    remediation="Name the commit.",
    file=".github/workflows/ci.yml",
    line=7,
    column=15,
    fingerprint=fingerprint("SOP-003", "ci.yml", "uses: x@main"),
)
RULES = (
    RuleInfo("SOP-003", "CI references are pinned", Severity.HIGH, "docs/sops/SOP-003-x.md"),
    RuleInfo("SOP-008", "The model card is complete", Severity.MEDIUM, "docs/sops/SOP-008-x.md"),
)
OTHER = replace(FINDING, rule="SOP-008", severity=Severity.MEDIUM, file="a.md", line=None)


def test_severities_are_ordered():
    assert sorted(Severity) == list(reversed(Severity))
    assert Severity.CRITICAL > Severity.HIGH >= Severity.HIGH > Severity.INFO
    assert Severity.LOW < Severity.MEDIUM <= Severity.MEDIUM
    assert max(Severity) is Severity.CRITICAL


@pytest.mark.parametrize("waiver", [None, WAIVER])
@pytest.mark.parametrize("fix", list(Fix))
def test_a_finding_survives_json(waiver, fix):
    finding = replace(FINDING, waiver=waiver, fix=fix)

    assert Finding.from_dict(json.loads(json.dumps(finding.to_dict()))) == finding


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, ".github/workflows/ci.yml:7:15"),
        ({"column": None}, ".github/workflows/ci.yml:7"),
        ({"line": None}, ".github/workflows/ci.yml"),
        ({"file": None, "line": None}, "."),
    ],
)
def test_a_place_is_told_as_far_as_it_is_known(place, expected):
    assert replace(FINDING, **place).place == expected


def test_what_is_waived_or_only_informs_does_not_fail():
    assert FINDING.fails
    assert not replace(FINDING, waiver=WAIVER).fails
    assert not replace(FINDING, severity=Severity.INFO).fails


def test_a_fingerprint_depends_on_what_it_is_about_and_not_on_white_space():
    one = fingerprint("SOP-003", "ci.yml", "uses:  x@main\t")

    assert one == fingerprint("SOP-003", "ci.yml", "  uses: x@main")
    others = {
        fingerprint("SOP-004", "ci.yml", "uses: x@main"),
        fingerprint("SOP-003", "cd.yml", "uses: x@main"),
        fingerprint("SOP-003", "ci.yml", "uses: y@main"),
        fingerprint("SOP-003", "ci.yml", "uses: x@main", 1),
        one,
    }
    assert len(others) == 5


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report(()), 0),
        (Report((FINDING,)), 1),
        (Report((replace(FINDING, waiver=WAIVER),)), 0),
        (Report((FINDING,), missing=("uv",)), 3),
    ],
)
def test_the_exit_code_is_the_answer(report, code):
    assert report.exit_code == code


def test_the_formats_are_the_files_of_their_folder():
    assert {"json", "text"} <= set(formats.names())
    with pytest.raises(KeyError, match="there are: json, text"):
        formats.render("sarif2", [])


def test_json_has_the_shape_of_its_schema():
    schema = json.loads(resources.path("schemas/findings.schema.json").read_text())
    findings = [OTHER, replace(FINDING, waiver=WAIVER), FINDING]

    data = json.loads(formats.render("json", findings, rules=RULES, seconds=1.23456))

    jsonschema_rs.validate(schema, data)
    assert data["ok"] is False
    assert data["summary"] == {
        "rules": 2,
        "broken": ["SOP-003", "SOP-008"],
        "failing": 2,
        "waived": 1,
        "severities": {"high": 1, "medium": 1},
    }
    assert [finding["rule"] for finding in data["findings"]] == ["SOP-003", "SOP-003", "SOP-008"]


def test_json_of_nothing_is_the_same_shape():
    schema = json.loads(resources.path("schemas/findings.schema.json").read_text())

    data = json.loads(formats.render("json", []))

    jsonschema_rs.validate(schema, data)
    assert data["ok"] is True


def test_text_groups_by_rule_the_worst_first_with_what_to_do():
    text = formats.render("text", [OTHER, FINDING], rules=RULES, seconds=1.2)

    assert text == (
        "SOP-003 CI references are pinned\n"
        "  high     .github/workflows/ci.yml:7:15  x@main is not pinned\n"
        "    Do: Name the commit.\n"
        "    Why: docs/sops/SOP-003-x.md\n"
        "\n"
        "SOP-008 The model card is complete\n"
        "  medium   a.md  x@main is not pinned\n"
        "    Do: Name the commit.\n"
        "    Why: docs/sops/SOP-008-x.md\n"
        "\n"
        "2 SOPs checked in 1.2 s: 2 not kept (1 high, 1 medium)\n"
    )


def test_text_of_nothing_says_so():
    assert formats.render("text", [], rules=RULES, seconds=3) == (
        "2 SOPs checked in 3.0 s: all kept\n"
    )


def test_text_tells_who_approved_a_waiver_and_until_when():
    text = formats.render("text", [replace(FINDING, waiver=WAIVER)], rules=RULES)

    assert "[waived until 2026-06-01: ML-1, approved by b@example.com]" in text
    assert text.endswith("all kept, 1 waived\n")


def test_text_tells_what_is_missing():
    text = formats.render("text", [FINDING], rules=RULES, missing=["uv was not found"])

    assert "Missing: uv was not found" in text
    assert "not everything could be checked" in text


def test_colour_comes_only_when_told():
    assert "\x1b" not in formats.render("text", [FINDING], rules=RULES)
    assert "\x1b[31m" in formats.render("text", [FINDING], rules=RULES, colour=True)


def test_a_stranger_cannot_steer_the_terminal():
    evil = replace(FINDING, file="a\x1b[2J\nb\u202e.py", message="m\x07\udcff")

    text = formats.render("text", [evil])

    assert not {"\x1b", "\x07", "\u202e", "\udcff"} & set(text)
    assert r"a\x1b[2J\nb\u202e.py:7:15" in text
