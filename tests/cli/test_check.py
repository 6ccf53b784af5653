"""`gleis check` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gleis.cli import main

BASE = Path(__file__).parent.parent / "check" / "fixtures" / "base"


def test_a_kept_sop_is_exit_code_0(capsys):
    assert main(["check", str(BASE), "--only", "sop-008"]) == 0
    assert capsys.readouterr().out.startswith("1 SOP checked in ")


def test_a_broken_sop_is_exit_code_1_and_json_says_which(tmp_path, capsys):
    (tmp_path / "project.yaml").write_text("kind: MLProject\n")

    assert main(["check", str(tmp_path), "--json", "--only", "SOP-007", "SOP-008"]) == 1

    data = json.loads(capsys.readouterr().out)
    assert data["summary"]["broken"] == ["SOP-007", "SOP-008"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "is not a folder"),
        (["."], "has no project.yaml"),
        ([str(BASE), "--only", "SOP-9"], "there is no SOP SOP-9"),
    ],
)
def test_a_wrong_request_is_exit_code_2_with_a_cure(tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)

    assert main(["check", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_missing_tool_is_exit_code_3(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GLEIS_UV", str(tmp_path / "no-uv"))
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "cache"))

    assert main(["check", str(BASE), "--only", "SOP-006"]) == 3
    assert "uv was not found" in capsys.readouterr().out
