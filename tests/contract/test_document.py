"""The one loader: places, YAML 1.2's core schema, and files that mean harm."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleis.contract import ContractError, document
from gleis.contract.problem import Position


def parse(text: str) -> document.Document:
    return document.parse(text, Path("x.yaml"))


def refused(text: str) -> str:
    with pytest.raises(ContractError) as caught:
        parse(text)
    return caught.value.problems[0].rule


def test_every_value_and_key_has_its_place() -> None:
    found = parse("a:\n  b: [1, two]\n")
    assert found.data == {"a": {"b": [1, "two"]}}
    assert found.position("a", "b", 1) == Position("x.yaml", 2, 10)
    assert found.position("a", "b", key=True) == Position("x.yaml", 2, 3)


def test_the_place_of_what_is_not_there_is_that_of_its_parent() -> None:
    assert parse("a:\n  b: 1\n").position("a", "c", "d") == Position("x.yaml", 2, 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2026-11-23", "2026-11-23"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("true", True),
        ("~", None),
        ("1e3", 1000.0),
        ("'1'", "1"),
        (".inf", ".inf"),
    ],
)
def test_plain_values_are_read_as_yaml_1_2_does(text: str, value: object) -> None:
    assert parse(f"key: {text}").data == {"key": value}


def test_a_bomb_of_aliases_is_refused() -> None:
    assert refused("a: &a [x, x]\nb: [*a, *a]\n") == "yaml/no-anchors"


def test_deep_nesting_is_refused() -> None:
    assert refused("[" * 5000) == "yaml/depth"


def test_too_many_values_are_refused() -> None:
    assert refused("[" + "1," * (document.MAX_VALUES + 1) + "]") == "yaml/size"


def test_a_mapping_as_a_key_is_refused() -> None:
    assert refused("? {a: 1}\n: 2\n") == "yaml/key"


def test_a_control_character_is_refused() -> None:
    assert refused("a: \x00") == "yaml/syntax"


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * (document.MAX_BYTES + 1))
    with pytest.raises(ContractError, match="larger than 1,000,000 bytes"):
        document.load(path)


def test_a_file_that_is_not_utf8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ContractError, match=r"x\.yaml:2:1: x\.yaml is not UTF-8"):
        document.load(path)


def test_a_fifo_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    os.mkfifo(path)
    with pytest.raises(ContractError, match="not a regular file"):
        document.load(path)


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "x.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(ContractError, match="leads out of"):
        document.load(inside / "x.yaml", root=inside)


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    with contextlib.suppress(ContractError):
        parse(text)


# JSON writes characters beyond the basic plane as two escapes, which YAML does not know.
WORDS = st.text(st.characters(max_codepoint=0xD7FF), max_size=8)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
        max_leaves=20,
    )
)
def test_json_means_the_same_here(value: object) -> None:
    import json

    assert parse(json.dumps(value)).data == value
