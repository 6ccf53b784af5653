"""./dev: from a fresh clone with Python and git only, from any folder, twice at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gleis.tools.process import Completed, clean_env, run

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = "/usr/bin:/bin"


def tell(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small copy of this checkout, with an environment of no packages and a `gleis` that tells
    what it sees."""
    root = tmp_path / "check out"  # a space on purpose
    (root / "requirements").mkdir(parents=True)
    (root / "scripts" / "gleis" / "cli").mkdir(parents=True)
    shutil.copy(ROOT / "dev", root / "dev")
    package = root / "scripts" / "gleis"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts/gleis/tools", package / "tools", ignore=ignore)
    for name in ("__init__.py", "__main__.py", "errors.py"):
        shutil.copy(ROOT / "scripts/gleis" / name, package / name)
    (package / "cli" / "__init__.py").write_text(
        "import os, sys\n"
        "def main():\n"
        "    print(sys.argv[1:], os.getcwd(), 'PYTHONDONTWRITEBYTECODE' in os.environ)\n"
        "    return 7\n"
    )
    for name in ("core", "test"):
        (root / "requirements" / f"{name}.lock").write_text(f"# {name}: nothing\n")
    shutil.copy(ROOT / "requirements/bootstrap.lock", root / "requirements")
    return root


@pytest.fixture
def env() -> dict[str, str]:
    from gleis.tools import catalogue

    python = Path(sys.base_prefix) / "bin"
    return clean_env(GLEIS_UV=str(catalogue.require("uv")), PATH=f"{python}:{SYSTEM}")


def dev(checkout: Path, *argv: str, env: dict[str, str], cwd: Path | None = None) -> Completed:
    return run([checkout / "dev", *argv], timeout=120, env=env, cwd=cwd)


def test_gleis_runs_where_the_caller_is_with_his_arguments_and_exit_code(
    checkout: Path, env: dict[str, str], tmp_path: Path
) -> None:
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    away = tmp_path / "away"
    away.mkdir()

    first = dev(checkout, "gleis", "run", "a b", "$HOME", env=env, cwd=away)
    second = dev(checkout, "gleis", "run", "a b", "$HOME", env=env, cwd=away)

    assert first.stdout == f"['run', 'a b', '$HOME'] {away} False\n"
    assert first.returncode == 7
    assert "making the environment core" in first.stderr
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_a_module_in_the_callers_folder_is_not_imported(
    checkout: Path, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "runpy.py").write_text("raise SystemExit('hijacked')")
    env["PYTHONPATH"] = str(tmp_path)

    done = dev(checkout, "gleis", env=env, cwd=tmp_path)

    assert done.returncode == 7
    assert "hijacked" not in done.stderr


def test_it_works_through_a_symbolic_link_and_after_the_checkout_moved(
    checkout: Path, env: dict[str, str], tmp_path: Path
) -> None:
    dev(checkout, "gleis", env=env)
    moved = checkout.rename(tmp_path / "moved")
    (tmp_path / "link").symlink_to("moved/dev")

    done = run([tmp_path / "link", "gleis", "x"], timeout=60, env=env, cwd=tmp_path)

    assert done.stdout.startswith("['x']")
    assert done.stderr == ""
    assert moved.is_dir()


def test_a_changed_lock_is_a_new_environment(checkout: Path, env: dict[str, str]) -> None:
    dev(checkout, "gleis", env=env)
    at = checkout / ".dev" / "envs" / "core.at"
    before = at.read_text()
    os.utime(at, (1, 1))  # as if it had been made long ago
    (checkout / "requirements" / "core.lock").write_text("# changed\n")

    done = dev(checkout, "gleis", env=env)

    assert "making the environment core" in done.stderr
    assert at.read_text() != before


def test_two_at_once_on_a_fresh_clone_make_the_environment_once(
    checkout: Path, env: dict[str, str]
) -> None:
    both = [
        subprocess.Popen([checkout / "dev", "gleis"], env=env, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = "".join(process.communicate(timeout=120)[1] for process in both)

    assert [process.returncode for process in both] == [7, 7]
    assert said.count("made the environment core") == 1


def test_a_launcher_that_fails_is_passed_over(
    checkout: Path, env: dict[str, str], tmp_path: Path
) -> None:
    tell(tmp_path / "shims" / "python3", "echo 'shim: no version is set' >&2; exit 127\n")
    tell(tmp_path / "shims" / "python3.13", "exit 127\n")
    env["PATH"] = f"{tmp_path / 'shims'}:{env['PATH']}"

    assert dev(checkout, "gleis", env=env).returncode == 7


def test_without_a_python_it_says_so(checkout: Path, env: dict[str, str], tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        tell(tmp_path / "only" / name, "exit 1\n")
    for name in ("bash", "git", "env"):
        (tmp_path / "only" / name).symlink_to(shutil.which(name) or name)
    env["PATH"] = str(tmp_path / "only")

    done = dev(checkout, "gleis", env=env)

    assert done.returncode == 3
    assert "no Python 3.11 or newer was found" in done.stderr


def test_a_python_that_was_named_must_work(checkout: Path, env: dict[str, str]) -> None:
    env["GLEIS_PYTHON"] = "/nowhere/python3"

    done = dev(checkout, "gleis", env=env)

    assert done.returncode == 3
    assert "GLEIS_PYTHON=/nowhere/python3 is no Python 3.11" in done.stderr


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        ("2.37.3", False),
        ("2.9.0", False),
        ("1.99", False),
        ("2.38.0", True),
        ("2.50.1 (Apple Git-155)", True),
        ("3.0.0", True),
    ],
)
def test_an_old_git_is_refused(
    checkout: Path, env: dict[str, str], tmp_path: Path, version: str, accepted: bool
) -> None:
    tell(tmp_path / "git" / "git", f"echo 'git version {version}'\n")
    env["PATH"] = f"{tmp_path / 'git'}:{env['PATH']}"

    done = dev(checkout, "gleis", env=env)

    assert (done.returncode == 7) is accepted
    if not accepted:
        assert done.returncode == 3
        assert f"git {version} is too old; 2.38 or newer is needed" in done.stderr


def test_a_failing_environment_is_one_clear_message(checkout: Path, env: dict[str, str]) -> None:
    (checkout / "requirements" / "core.lock").write_text("not a lock at all ===\n")

    done = dev(checkout, "gleis", env=env)

    assert done.returncode == 3
    assert "dev: cannot make the environment core" in done.stderr
    assert "Traceback" not in done.stderr


def test_shell_runs_a_command_with_gleis_on_path(checkout: Path, env: dict[str, str]) -> None:
    done = dev(checkout, "shell", "gleis", "x", env=env)

    assert done.stdout.startswith("['x']")
    assert dev(checkout, "shell", "sh", "-c", "exit 9", env=env).returncode == 9


def test_an_unknown_command_shows_the_known_ones(checkout: Path, env: dict[str, str]) -> None:
    done = dev(checkout, "dance", env=env)

    assert done.returncode == 2
    assert "there is no command 'dance'" in done.stderr
    assert "Usage: ./dev COMMAND" in done.stderr
    assert dev(checkout, env=env).stdout.startswith("Usage: ./dev COMMAND")
