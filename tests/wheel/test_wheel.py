"""The wheel: its data is complete, and it works where there is no checkout."""

from __future__ import annotations

import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

import gleis
from gleis.tools.process import Completed, clean_env, run

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKED: dict[str, str] = CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]


def build(root: Path, into: Path) -> Completed:
    # hatchling itself, without isolation: its own dependencies are pinned in test.lock.
    argv = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", into]
    return run(argv, timeout=120, cwd=root, env=clean_env())


def test_the_name_carries_the_version_of_the_package(wheel: Path) -> None:
    assert wheel.name == f"gleis-{gleis.__version__}-py3-none-any.whl"


def test_all_data_is_packed_under_the_names_that_the_checkout_uses(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())

    for source, target in PACKED.items():
        assert target == f"gleis/_data/{source}"
        path = ROOT / source
        for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
            if "__pycache__" not in file.parts:
                assert f"gleis/_data/{file.relative_to(ROOT).as_posix()}" in inside


def test_it_holds_the_package_and_nothing_else(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    info = f"gleis-{gleis.__version__}.dist-info"

    assert {name.split("/")[0] for name in inside} == {"gleis", info}
    assert "gleis/py.typed" in inside
    assert f"{info}/licenses/LICENSE" in inside
    assert not [name for name in inside if name.endswith(".pyc") or "/tests/" in name]


def test_no_path_of_the_machine_that_built_it_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert str(ROOT).encode() not in archive.read(name), name


def test_building_it_twice_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(ROOT, tmp_path).ok

    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_missing_data_fails_the_build_and_is_named(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "scripts/gleis").mkdir(parents=True)
    for name in ("pyproject.toml", "LICENSE", "README.md", "scripts/gleis/__init__.py"):
        shutil.copy(ROOT / name, root / name)

    done = build(root, tmp_path / "dist")

    assert not done.ok
    assert "Forced include not found" in done.stderr + done.stdout
    assert not list(tmp_path.glob("dist/*.whl"))


def test_the_command_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = run([installed / "gleis", "--version"], timeout=60, cwd=tmp_path, env=clean_env())

    assert done.ok, done.stderr
    assert gleis.__version__ in done.stdout


def test_its_data_is_found_in_the_package(installed: Path, tmp_path: Path) -> None:
    code = "from gleis import resources as r; print(r.in_checkout(), r.path('schemas'))"

    done = run([installed / "python", "-P", "-c", code], timeout=60, cwd=tmp_path, env=clean_env())

    inside, where = done.stdout.split(maxsplit=1)
    assert inside == "False"
    assert Path(where.strip()).relative_to(installed.parent).parts[-2:] == ("_data", "schemas")


def test_its_charts_are_complete(installed: Path, tmp_path: Path) -> None:
    code = (
        "from gleis.gitops import charts\n"
        "for it in charts.find().values(): print(it.name, *it.templates)"
    )

    done = run([installed / "python", "-P", "-c", code], timeout=60, cwd=tmp_path, env=clean_env())

    assert done.ok, done.stderr
    found = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert "tenant/_objects.tpl" in found["tenant"]
    assert "library/_names.tpl" in found["tenant"]


def test_the_installed_wheel_renders_a_checkout(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "ci", tmp_path / "ci")
    shutil.copy(ROOT / "platform.yaml", tmp_path)
    command, env = installed / "gleis", clean_env()

    written = run([command, "render", tmp_path], timeout=60, cwd=tmp_path, env=env)
    checked = run([command, "render", "--check", tmp_path], timeout=60, cwd=tmp_path, env=env)
    elsewhere = run([command, "render"], timeout=60, cwd=installed, env=env)

    assert written.ok, written.stderr
    assert ".github/workflows/ml-pipeline.yml" in written.stdout
    assert checked.ok, checked.stderr
    assert elsewhere.returncode == 2
    assert "is no checkout of the platform" in elsewhere.stderr
