"""npm-groovy-lint has nothing to say about the library, and does say so about bad Groovy."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.jenkins.conftest import LIBRARY, java_home

from gleis.tools import catalogue, process

pytestmark = [pytest.mark.real, pytest.mark.needs("npm"), pytest.mark.needs("groovy")]

BAD = "void call() {\n    def unused = 1;\n    if (true) {}\n}\n"


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """npm-groovy-lint from its lock, outside of the checkout."""
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LIBRARY / "test" / name, folder)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    argv = [catalogue.require("npm"), "ci", *quiet]
    process.run(argv, timeout=300, cwd=folder, env=process.clean_env(), check=True)
    return folder / "node_modules" / ".bin" / "npm-groovy-lint"


def test_the_library_is_clean_and_bad_groovy_is_not(linter: Path, tmp_path: Path) -> None:
    shutil.copytree(LIBRARY / "vars", tmp_path / "vars")
    shutil.copytree(LIBRARY / "test", tmp_path / "test")
    (tmp_path / "bad.groovy").write_text(BAD)
    # All files in one Java; no server is left behind.
    argv = [linter, "--noserver", "--javaexecutable", f"{java_home()}/bin/java"]
    argv += ["--config", LIBRARY / "test", "--path", tmp_path, "--files", "**/*.groovy"]
    path = f"{java_home()}/bin:{os.environ['PATH']}"
    env = process.clean_env(JAVA_HOME=java_home(), PATH=path)
    argv += ["--failon", "info", "--output", "json"]
    done = process.run(argv, timeout=300, cwd=tmp_path, env=env)

    said = json.loads(done.stdout[done.stdout.index("{") :])
    assert said["summary"]["totalFilesLinted"] == 3
    found = {
        Path(name).relative_to(tmp_path).as_posix(): [each["rule"] for each in file["errors"]]
        for name, file in said["files"].items()
    }
    assert "UnusedVariable" in found.pop("bad.groovy")
    assert found.pop("vars/mlPipeline.groovy", []) == []
    assert found.pop("test/record.groovy", []) == []
    assert found == {}
