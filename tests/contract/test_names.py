"""Names fit everywhere, are the same every time, and never become one by accident."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleis.contract.names import DNS_LABEL, fit, namespace

LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
PROJECT = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
PARTS = st.lists(st.text(max_size=90), min_size=1, max_size=4)
LIMIT = st.integers(10, 90)


@settings(deadline=None)
@given(PARTS, LIMIT)
def test_every_name_is_a_dns_label_within_the_limit(parts: list[str], limit: int) -> None:
    name = fit(*parts, limit=limit)
    assert len(name) <= limit
    assert LABEL.fullmatch(name)


@settings(deadline=None)
@given(PARTS, LIMIT)
def test_a_name_is_the_same_every_time(parts: list[str], limit: int) -> None:
    assert fit(*parts, limit=limit) == fit(*parts, limit=limit)


@settings(deadline=None)
@given(PROJECT)
def test_what_fits_is_kept(name: str) -> None:
    assert fit(name) == name


@settings(deadline=None)
@given(PROJECT, PROJECT, st.sampled_from(["dev", "staging", "prod"]))
def test_a_namespace_is_readable_where_it_fits(team: str, project: str, environment: str) -> None:
    whole = f"{team}-{project}-{environment}"
    found = namespace(team, project, environment)
    assert (found == whole) == (len(whole) <= DNS_LABEL)
    assert found[:20] == whole[:20].rstrip("-") or found.startswith(whole[:20].rstrip("-"))


@settings(deadline=None)
@given(PARTS, PARTS, LIMIT)
def test_names_that_had_to_be_changed_stay_different(
    one: list[str], other: list[str], limit: int
) -> None:
    if "-".join(one) != "-".join(other):
        assert fit(*one, limit=limit) != fit(*other, limit=limit)


def test_names_that_differ_after_the_cut_stay_different() -> None:
    long = "a" * 70
    assert fit(long + "b") != fit(long + "c")
    assert fit("Ä") != fit("Ö")


def test_the_hash_is_the_same_in_every_version_of_gleis() -> None:
    # It is in the names of namespaces that exist: to change it is to move every project.
    assert fit("drivetrain", "x" * 60, "dev") == f"drivetrain-{'x' * 43}-8e839f5f"


def test_a_limit_without_room_for_the_hash_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="10 characters"):
        fit("a", limit=9)
