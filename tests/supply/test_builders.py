"""Which builder is used, and what is said when there is none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gleis.errors import ToolMissing
from gleis.supply import builders
from gleis.supply.builders import Recipe, buildah, buildkit


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it yet."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def recipe(base: str = "python@sha256:0") -> Recipe:
    return Recipe(Path("/context"), "bearing-wear", base, 1_700_000_000, {"a": "b c"})


def test_a_builder_is_a_file_in_the_folder() -> None:
    files = {each.stem for each in Path(builders.__file__).parent.glob("*.py")} - {"__init__"}

    assert set(builders.builders()) == files
    assert tuple(builders.builders())[: len(builders.ORDER)] == builders.ORDER


def test_without_a_builder_every_way_to_one_is_named(path: Path) -> None:
    with pytest.raises(ToolMissing) as caught:
        builders.choose({})

    assert caught.value.exit_code == 3
    assert "apt-get install buildah" in str(caught.value) or "brew" in str(caught.value)
    assert all(f"  {name}: " in str(caught.value) for name in builders.builders())


def test_a_client_without_a_daemon_is_no_builder(path: Path) -> None:
    program(path, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")

    with pytest.raises(ToolMissing, match="no daemon answers it: start dockerd"):
        builders.choose({})


def test_the_first_that_works_is_taken_and_the_environment_may_choose(path: Path) -> None:
    program(path, "docker", "echo 20.10.24")
    program(path, "buildah", "exit 0")

    assert builders.choose({}).name == "buildah"
    assert builders.choose({"GLEIS_BUILDER": "docker"}).name == "docker"
    assert builders.engine({"GLEIS_BUILDER": "docker"}).name == "docker"


def test_a_chosen_builder_that_is_not_there_is_not_replaced(path: Path) -> None:
    program(path, "buildah", "exit 0")

    with pytest.raises(ToolMissing, match="docker was not found"):
        builders.choose({"GLEIS_BUILDER": "docker"})


def test_a_misspelt_builder_is_refused_naming_those_there_are(path: Path) -> None:
    with pytest.raises(builders.UnknownBuilder, match="buildha is no builder; there are buildah"):
        builders.choose({"GLEIS_BUILDER": "buildha"})


def test_what_only_builds_cannot_start_an_image(path: Path) -> None:
    program(path, "buildctl", "exit 0")

    assert builders.choose({}).name == "buildkit"
    with pytest.raises(ToolMissing, match="cannot run an image; get buildah"):
        builders.engine({})


def test_buildkit_sets_every_time_back_to_the_commits() -> None:
    argv = buildkit.argv(recipe(), Path("/out/image.tar"))

    assert argv[-1] == "type=oci,dest=/out/image.tar,rewrite-timestamp=true"
    assert "build-arg:SOURCE_DATE_EPOCH=1700000000" in argv
    assert "label:a=b c" in argv


def test_only_a_registry_on_this_machine_is_spoken_to_without_encryption() -> None:
    assert "--tls-verify=false" in buildah._bud(recipe("127.0.0.1:5000/python@sha256:0"))
    for base in (
        "python@sha256:0",
        "registry.example.com/python@sha256:0",
        "127.0.0.1.example.com/a",
    ):
        assert "--tls-verify=false" not in buildah._bud(recipe(base)), base
