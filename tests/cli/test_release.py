"""`gleis release` refuses to cut what cannot be told or repeated; past releases are recorded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from gleis import cli, resources

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform checkout with only what a release reads."""
    (tmp_path / "copier.yml").write_text("")
    (tmp_path / "CHANGELOG.md").write_text("## [0.2.0]\n")
    package = tmp_path / "scripts" / "gleis" / "__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text('__version__ = "0.1.0"\n')
    for argv in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *identity, *argv], cwd=tmp_path, check=True)
    monkeypatch.setattr(resources, "root", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("version", ["0.2", "v0.2.0", "0.2.0; rm -rf /", "latest"])
def test_only_three_numbers_are_a_version(
    platform: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    assert cli.main(["release", version]) == 2
    assert "three numbers" in capsys.readouterr().err


def test_a_version_without_a_changelog_is_refused(
    platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["release", "0.3.0"]) == 2
    assert "CHANGELOG.md has no section [0.3.0]" in capsys.readouterr().err


def test_changes_that_are_not_committed_are_refused(
    platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (platform / "new.txt").write_text("x")
    assert cli.main(["release", "0.2.0"]) == 2
    assert "not committed" in capsys.readouterr().err
    assert not (platform / "release.json").exists()


def test_every_release_is_in_the_changelog_and_has_its_commit() -> None:
    releases = yaml.safe_load((ROOT / "tests/update/releases.yaml").read_text())["releases"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = json.loads((ROOT / "release.json").read_text())["version"]

    assert newest in releases
    for version, commit in releases.items():
        assert f"## [{version}]" in changelog
        assert len(commit) == 40
