"""gleis.tools.environments: made once from a lock, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from gleis.tools import catalogue, environments
from gleis.tools.environments import EnvironmentFailed, ensure
from gleis.tools.process import run

SCRIPTS = Path(environments.__file__).parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "cache"))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of one small package of our own, which uv finds in a folder: no network."""
    wheel = make_wheel(tmp_path / "wheels", "railcar", "1.0")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("UV_OFFLINE", "1")
    path = tmp_path / "cars.lock"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    path.write_text(f"railcar==1.0 \\\n    --hash=sha256:{digest}\n")
    return path


def make_wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\ndef main(): print(VERSION)\n")
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += f"Requires-Dist: {needs}\n" if needs else ""
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def envs(cache: Path) -> list[str]:
    return sorted(p.name for p in (cache / "envs").iterdir() if not p.name.endswith(".lock"))


def test_the_environment_holds_what_the_lock_names(lock: Path, cache: Path) -> None:
    made = ensure(lock, name="cars")

    assert made.path.parent == cache / "envs"
    assert made.path.name.startswith("cars-")
    assert made.lock_sha256 == hashlib.sha256(lock.read_bytes()).hexdigest()
    done = run([made.python, "-c", "import railcar; print(railcar.VERSION)"], timeout=30)
    assert done.stdout == "1.0\n"
    # Its scripts work although the folder was renamed after they were written.
    assert run([made.bin / "railcar"], timeout=30).stdout == "1.0\n"
    assert envs(cache) == [made.path.name]


def test_byte_code_is_compiled_although_the_caller_forbids_it(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    made = ensure(lock, name="cars")

    assert list(made.path.glob("lib/python3*/site-packages/__pycache__/railcar.*.pyc"))


def test_the_second_call_starts_no_program_and_costs_under_10_ms(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ensure(lock, name="cars")

    def forbidden(*_arguments: object, **_named: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(environments, "run", forbidden)
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        assert ensure(lock, name="cars") == made
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.010


def test_another_lock_is_another_environment(lock: Path, tmp_path: Path, cache: Path) -> None:
    other = tmp_path / "other.lock"
    other.write_text("# nothing but this line\n" + lock.read_text())

    assert ensure(lock, name="cars").path != ensure(other, name="cars").path
    assert len(envs(cache)) == 2


def test_it_is_made_for_the_python_that_is_asked_for(lock: Path) -> None:
    python = Path(sys.executable)

    made = ensure(lock, name="cars", python=python)

    assert json.loads((made.path / environments.MARKER).read_text())["base_python"] == str(python)
    assert ensure(lock, name="cars", python=python) == made


def test_progress_is_told_only_when_something_is_made(lock: Path) -> None:
    lines: list[str] = []
    ensure(lock, name="cars", progress=lines.append)
    assert lines[0].startswith("making the environment cars from cars.lock")
    assert lines[-1].startswith("made the environment cars in ")

    lines.clear()
    ensure(lock, name="cars", progress=lines.append)
    assert lines == []


@pytest.mark.parametrize("wound", ["marker", "interpreter", "half-written marker"])
def test_a_broken_environment_is_made_anew(lock: Path, cache: Path, wound: str) -> None:
    made = ensure(lock, name="cars")
    marker = made.path / environments.MARKER
    if wound == "marker":
        marker.unlink()
    elif wound == "interpreter":
        made.python.unlink()
        made.python.symlink_to("/nowhere/python")
    else:
        marker.write_text('{"lock_sha')

    again = ensure(lock, name="cars")

    assert again == made
    assert run([again.python, "-c", "import railcar"], timeout=30).ok
    assert envs(cache) == [made.path.name]


def test_two_processes_make_it_once(lock: Path, cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gleis.tools.environments import ensure;"
        "ensure(Path(sys.argv[1]), name='cars', progress=print)"
    )
    argv = [sys.executable, "-c", code, str(lock)]
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    both = [subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = "".join(process.communicate(timeout=60)[0] for process in both)

    assert [process.returncode for process in both] == [0, 0]
    assert said.count("made the environment") == 1
    assert len(envs(cache)) == 1


@pytest.mark.parametrize("after", [0.02, 0.1, 0.2, 0.3])
def test_kill_9_at_any_instant_leaves_nothing_that_is_trusted(
    lock: Path, cache: Path, after: float
) -> None:
    code = (
        "import sys; from pathlib import Path; from gleis.tools.environments import ensure;"
        "print('go', flush=True); ensure(Path(sys.argv[1]), name='cars')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(lock)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    made = ensure(lock, name="cars")

    assert run([made.bin / "railcar"], timeout=30).stdout == "1.0\n"
    # A uv that outlived its parent may still leave a folder with a hidden, never trusted name.
    assert [name for name in envs(cache) if not name.startswith(".")] == [made.path.name]


def test_what_killed_processes_left_is_swept_away(lock: Path, cache: Path) -> None:
    made = ensure(lock, name="cars")
    (made.path / environments.MARKER).unlink()
    mine = cache / "envs" / f".{made.path.name}.making-1"
    forgotten = cache / "envs" / ".other-0123.making-2"
    at_work = cache / "envs" / ".other-0123.making-3"
    for folder in (mine, forgotten, at_work):
        folder.mkdir()
    os.utime(forgotten, (0, 0))

    ensure(lock, name="cars")

    assert envs(cache) == [at_work.name, made.path.name]


def test_without_a_network_the_error_names_the_lock_and_the_cure(
    lock: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")

    with pytest.raises(EnvironmentFailed, match="the package index was not reached") as caught:
        ensure(lock, name="cars")

    assert str(lock) in str(caught.value)
    assert "UV_DEFAULT_INDEX" in str(caught.value)
    assert caught.value.exit_code == 3
    assert envs(cache) == []


def test_offline_says_that_the_cache_does_not_hold_it(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))

    with pytest.raises(EnvironmentFailed, match="offline, and uv's cache"):
        ensure(lock, name="cars", offline=True)


def test_a_package_with_another_hash_is_refused(lock: Path, cache: Path) -> None:
    lock.write_text("railcar==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")

    with pytest.raises(EnvironmentFailed, match="something else than the lock names"):
        ensure(lock, name="cars")

    assert envs(cache) == []


def test_a_lock_without_hashes_is_refused(lock: Path, cache: Path) -> None:
    lock.write_text("railcar==1.0\n")

    with pytest.raises(EnvironmentFailed):
        ensure(lock, name="cars")

    assert envs(cache) == []


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match=r"cannot read the lock .*absent\.lock"):
        ensure(tmp_path / "absent.lock", name="cars")


def test_a_full_disk_is_said_in_words(
    lock: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'error: No space left on device (os error 28)' >&2\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("GLEIS_UV", str(uv))

    with pytest.raises(EnvironmentFailed, match=r"is full .*free some space") as caught:
        ensure(lock, name="cars")

    assert str(cache) in str(caught.value)
    assert envs(cache) == []


def test_an_authority_that_only_the_system_knows_is_tried_too(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = catalogue.require("uv")
    uv = tmp_path / "uv"
    uv.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = pip ] && [ -z "$UV_SYSTEM_CERTS" ]; then\n'
        "  echo 'cause: invalid peer certificate: UnknownIssuer' >&2; exit 2\n"
        f'fi\nexec "{real}" "$@"\n'
    )
    uv.chmod(0o755)
    monkeypatch.setenv("GLEIS_UV", str(uv))

    assert run([ensure(lock, name="cars").bin / "railcar"], timeout=30).stdout == "1.0\n"


def test_a_cache_that_cannot_be_written_is_said_in_words(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "file"))

    with pytest.raises(EnvironmentFailed, match="set GLEIS_CACHE"):
        ensure(lock, name="cars")


def test_the_cache_is_where_the_system_keeps_such_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLEIS_CACHE")
    monkeypatch.setattr(environments.sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert environments.cache_dir() == tmp_path / ".cache" / "gleis"

    monkeypatch.setenv("XDG_CACHE_HOME", "/big")
    assert environments.cache_dir() == Path("/big/gleis")

    monkeypatch.setattr(environments.sys, "platform", "darwin")
    assert environments.cache_dir() == tmp_path / "Library" / "Caches" / "gleis"
