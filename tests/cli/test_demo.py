"""gleis demo: what it refuses, before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis import cli


def test_a_framework_that_is_not_offered_is_refused_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", "--framework", "caffe", "--keep", str(tmp_path / "repo")]) == 2
    said = capsys.readouterr().err
    assert "'caffe' is not in ['sklearn', 'pytorch']" in said
    assert "Traceback" not in said
    assert not (tmp_path / "repo").exists()


def test_a_folder_that_is_not_empty_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert cli.main(["demo", "--keep", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
