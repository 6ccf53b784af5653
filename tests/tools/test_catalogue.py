"""gleis.tools.catalogue: where the outside tools are, and what to say when they are not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gleis.tools import catalogue
from gleis.tools.errors import ToolMissing


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_every_entry_says_why_who_and_how() -> None:
    for entry in catalogue.TOOLS:
        assert entry.why, entry.name
        assert entry.needed_by, entry.name
        assert set(entry.install) <= {"debian", "pypi", "macos", "any"}, entry.name
        assert entry.install, entry.name
    assert len({entry.name for entry in catalogue.TOOLS}) == len(catalogue.TOOLS)


def test_a_tool_is_found_on_path_under_any_of_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = program(tmp_path, "google-chrome", "Google Chrome 140.0.1.2")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert catalogue.find("chromium") == browser
    assert catalogue.version(catalogue.tool("chromium")) == "140.0.1.2"


def test_a_missing_tool_is_an_error_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert catalogue.find("git") is None
    with pytest.raises(ToolMissing, match=r"git was not found; needed by .*install git") as caught:
        catalogue.require("git")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("says", "code", "state"),
    [
        ("git version 2.39.5", 0, "ok"),
        ("git version 2.38.0", 0, "ok"),
        ("git version 3.0", 0, "ok"),
        ("git version 2.37.9", 0, "too old"),
        ("git version 2.9.1", 0, "too old"),
        ("shim: no version is set", 0, "broken"),
        ("git version 2.39.5", 127, "broken"),
    ],
)
def test_the_state_of_a_tool_comes_from_running_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, code: int, state: str
) -> None:
    program(tmp_path, "git", says, code)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert catalogue.status(catalogue.tool("git")).state == state


def test_uv_is_the_one_told_before_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = program(tmp_path, "my-uv", "uv 9.9.9")
    monkeypatch.setenv("GLEIS_UV", str(told))
    assert catalogue.find("uv") == told

    monkeypatch.setenv("GLEIS_UV", str(tmp_path / "absent"))
    assert catalogue.find("uv") is None
    assert f"at $GLEIS_UV ({tmp_path / 'absent'})" in catalogue.missing("uv")


def test_uv_is_found_without_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLEIS_UV", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert catalogue.find("uv") is not None  # the package that Gleis depends on

    beside = program(tmp_path, "uv", "uv 1.0.0")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert catalogue.find("uv") == beside


def test_git_of_this_machine_is_new_enough() -> None:
    assert catalogue.status(catalogue.tool("git")).state == "ok"


@pytest.mark.real
@pytest.mark.needs("chromium")
def test_the_browser_tells_its_version() -> None:
    assert catalogue.status(catalogue.tool("chromium")).state == "ok"
