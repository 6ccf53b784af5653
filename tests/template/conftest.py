"""Copies of the template to look at, in temporary folders; no project environment is needed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("copier.yml", "platform.yaml", "template", "requirements", "profiles")
VERSION = "v9.8.7"

Render = Callable[..., Path]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform as a git repository with one tagged commit: what people copy from."""
    folder = tmp_path_factory.mktemp("platform")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy(source, folder / part)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Lay the track")
    git(folder, "tag", VERSION)
    return folder


@pytest.fixture(scope="session")
def sha(platform: Path) -> str:
    """The commit that the platform is at."""
    return git(platform, "rev-parse", "HEAD")


@pytest.fixture(scope="session")
def render(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Copy the template with the given answers (defaults for the others)."""

    def copy(**answers: Any) -> Path:
        folder = tmp_path_factory.mktemp("copy") / "repo"
        copier.run_copy(
            str(platform), folder, data=answers, defaults=True, quiet=True, vcs_ref="HEAD"
        )
        return folder

    return copy


@pytest.fixture(scope="session")
def default(render: Render) -> Path:
    """The repo that somebody gets who answers nothing."""
    return render()


def git(folder: Path, *arguments: str) -> str:
    """Run git there, as nobody in particular and with nobody's settings."""
    identity = ("-c", "user.name=Example", "-c", "user.email=example@example.com")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def files(folder: Path) -> list[Path]:
    """Every file of a copy."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
