"""The workflows of this repository and the settings of Renovate: every pin is one, and is found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gleis.contract import document

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS: dict[str, dict[str, str]] = document.load(ROOT / "ci" / "actions.yaml").data
USES = re.compile(r"uses: ([^@\s]+)@(\S+) # (\S+)")


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from document.load(path).data["jobs"].items()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_the_one_that_was_reviewed(path: Path) -> None:
    text = path.read_text()
    found = USES.findall(text)
    assert len(found) == text.count("uses: ") - text.count("uses: ./")
    for name, sha, version in found:
        assert ACTIONS[name] == {"version": version, "sha": sha}


def test_no_action_is_listed_that_nobody_uses() -> None:
    used = {name for path in WORKFLOWS for name, _, _ in USES.findall(path.read_text())}
    assert used == set(ACTIONS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_asks_for_its_own_rights_and_ends(path: Path) -> None:
    assert document.load(path).data["permissions"] == {}
    for name, job in jobs(path):
        assert "permissions" in job, name
        assert "uses" in job or job["timeout-minutes"] > 0, name
        assert "write-all" not in str(job["permissions"])
        for scope, access in job["permissions"].items():
            granted = re.search(rf"\b{scope}: {access} # \S+ \S+", path.read_text())
            assert granted, f"{name}: nobody says why it may {access} {scope}"


def test_each_part_of_ci_run_is_run() -> None:
    parts = re.findall(r"^part .*?(\./dev .*)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    scripts = [
        step["run"]
        for _, job in jobs(ROOT / ".github" / "workflows" / "ci.yml")
        for step in job["steps"]
        if "run" in step
    ]
    assert parts
    for part in parts:
        assert any(part in script for script in scripts), part


# --- the release --------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (".github/release.sh", "scripts/gleis/__init__.py", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def release(checkout: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / ".github" / "release.sh", tag], capture_output=True, text=True, timeout=60
    )


def test_a_tag_that_is_not_the_version_is_refused(checkout: Path) -> None:
    done = release(checkout, "v99.0.0")
    assert done.returncode == 1
    assert "the tag is v99.0.0" in done.stderr
    assert not (checkout / "dist").exists()


def test_a_version_that_the_changelog_does_not_know_is_refused(checkout: Path) -> None:
    version = checkout / "scripts" / "gleis" / "__init__.py"
    text = re.sub(r'__version__ = ".*"', '__version__ = "99.0.0"', version.read_text())
    version.write_text(text)
    done = release(checkout, "v99.0.0")
    assert done.returncode == 1
    assert 'no section "## [99.0.0]"' in done.stderr
    assert not (checkout / "dist").exists()


# --- Renovate -----------------------------------------------------------------------------------


def pins(settings: dict[str, Any], root: Path) -> list[dict[str, str | None]]:
    """What the custom managers of Renovate find below `root`. JavaScript names groups otherwise."""
    found = []
    for manager in settings["customManagers"]:
        files = [re.compile(each.strip("/")) for each in manager["managerFilePatterns"]]
        patterns = [re.compile(each.replace("(?<", "(?P<")) for each in manager["matchStrings"]]
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and any(each.search(name) for each in files):
                found += [it.groupdict() for p in patterns for it in p.finditer(path.read_text())]
    return found


def test_renovate_finds_every_pin_of_the_platform(tmp_path: Path) -> None:
    settings = json.loads((ROOT / "renovate.json").read_text())
    for name in ("ci/actions.yaml", "ci/tools.yaml", "platform.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    found = {pin["depName"]: pin for pin in pins(settings, tmp_path)}

    images = document.load(ROOT / "platform.yaml").data["baseImages"].values()
    tools = document.load(ROOT / "ci" / "tools.yaml").data.values()
    assert set(found) == {
        *ACTIONS,
        *(tool["releases"] for tool in tools),
        *(image["image"].partition(":")[0] for image in images),
    }
    for tool in tools:
        assert found[tool["releases"]]["currentValue"] == tool["version"]
    for name, pin in ACTIONS.items():
        assert (found[name]["currentValue"], found[name]["currentDigest"]) == tuple(pin.values())
    for image in images:
        assert found[image["image"].partition(":")[0]]["currentDigest"] == image["digest"]
    locks = re.compile(settings["pip_requirements"]["managerFilePatterns"][0].strip("/"))
    for lock in (ROOT / "requirements").glob("*.lock"):
        assert locks.search(f"requirements/{lock.name}"), lock.name


def test_one_pull_request_a_week() -> None:
    settings = json.loads((ROOT / "renovate.json").read_text())
    assert settings["schedule"] == ["before 6am on monday"]
    groups = {rule["groupName"] for rule in settings["packageRules"] if "groupName" in rule}
    assert groups == {"weekly", "weekly, majors"}
