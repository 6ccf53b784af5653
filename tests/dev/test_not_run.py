"""A test whose program is missing is listed as NOT RUN with the cure, or fails when asked to."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from gleis.tools.process import Completed, clean_env, run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    needs(tool): a program\n")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_plain(): pass\n"
        "@pytest.mark.needs('chromium')\n"
        "def test_with_a_browser(): pass\n"
    )
    return tmp_path


def pytest_in(folder: Path, *argv: str) -> Completed:
    env = clean_env(PATH=str(folder))  # nothing is found there
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", *argv]
    return run(command, timeout=60, cwd=folder, env=env)


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_missing_program_is_listed_with_the_line_that_installs_it(
    folder: Path, workers: tuple[str, ...]
) -> None:
    done = pytest_in(folder, *workers)

    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    _, _, listed = done.stdout.partition("= NOT RUN =")
    assert "chromium was not found" in listed
    assert "install" in listed
    assert "test_it.py::test_with_a_browser" in listed


def test_strict_makes_it_a_failure(folder: Path) -> None:
    done = pytest_in(folder, "--strict-tools")

    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout
    assert "chromium was not found" in done.stdout


def test_install_without_apt_get_changes_nothing(folder: Path) -> None:
    done = pytest_in(folder, "--install-tools")

    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_install_gets_the_packages_of_the_selected_tests_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_get = folder / "apt-get"
    apt_get.write_text(f'#!/bin/sh\necho "$@" >>"{folder}/asked"\n')
    apt_get.chmod(0o755)
    # As root, whoever runs this test.
    root = "import os\nos.geteuid = lambda: 0\n"
    (folder / "conftest.py").write_text(
        (folder / "conftest.py").read_text().replace("import os\n", root, 1)
    )

    pytest_in(folder, "--install-tools", "-k", "plain")
    assert not (folder / "asked").exists()
    pytest_in(folder, "--install-tools")

    update, install = (folder / "asked").read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends chromium")
