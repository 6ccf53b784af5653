"""gleis.tools.wheels: where wheels are looked for, and a second lock that no index is asked for."""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

import pytest
from tests.tools.test_environments import envs, make_wheel

from gleis.tools import catalogue, wheels
from gleis.tools.environments import EnvironmentFailed, ensure, locks_sha256
from gleis.tools.process import run

HERE = f"cp{sys.version_info.major}{sys.version_info.minor}"
TORCH = f"torch-2.13.0+cpu-{HERE}-{HERE}-manylinux_2_28_{platform.machine().lower()}.whl"


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No wheel is to be found, unless the test says where."""
    for name in ("GLEIS_FIND_LINKS", "PIP_FIND_LINKS", "UV_FIND_LINKS", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "cache"))
    # An index that would answer nobody: whoever asks it fails.
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")


def lock(path: Path, wheel: Path) -> Path:
    name, version, *_ = wheel.name.split("-")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    path.write_text(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
    return path


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The main lock: one package, from what stands for the index."""
    wheel = make_wheel(tmp_path / "index", "railcar", "1.0")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return lock(tmp_path / "requirements.lock", wheel)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The second lock, whose wheel lies in the folder `handed over`."""
    wheel = make_wheel(tmp_path / "over", "boiler", "2.0+cpu")
    return lock(tmp_path / "requirements-torch.lock", wheel)


def test_an_environment_has_what_both_locks_name(main: Path, second: Path, tmp_path: Path) -> None:
    told: list[str] = []
    made = ensure(
        main,
        name="cars",
        extra=[second],
        find_links=[str(tmp_path / "over")],
        progress=told.append,
    )

    code = "import railcar, boiler; print(railcar.VERSION, boiler.VERSION)"
    assert run([made.python, "-c", code], timeout=30).stdout == "1.0 2.0+cpu\n"
    assert made.lock_sha256 == locks_sha256((main, second))
    assert any(f"adding {second.name} from {tmp_path / 'over'}" in line for line in told)
    assert ensure(main, name="cars", extra=[second]) == made


def test_a_change_of_either_lock_is_another_environment(
    main: Path, second: Path, tmp_path: Path
) -> None:
    alone = locks_sha256((main,))
    both = locks_sha256((main, second))
    assert alone == hashlib.sha256(main.read_bytes()).hexdigest()
    assert both != alone

    second.write_text(f"# looked at\n{second.read_text()}")
    assert locks_sha256((main, second)) not in (alone, both)


def test_the_folder_that_is_named_goes_before_that_of_the_organisation(
    main: Path, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLEIS_FIND_LINKS", str(tmp_path / "over"))
    made = ensure(main, name="cars", extra=[second], find_links=["/nowhere"])
    assert run([made.python, "-c", "import boiler"], timeout=30).ok


def test_a_wheel_that_only_an_index_has_is_not_taken(
    main: Path, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", f"{tmp_path / 'index'},{tmp_path / 'over'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EnvironmentFailed, match="none of its wheels was found") as caught:
        ensure(main, name="cars", extra=[second], find_links=[str(tmp_path / "empty")])

    said = str(caught.value)
    assert str(second) in said
    assert "https://download.pytorch.org/whl/cpu" in said
    assert "GLEIS_FIND_LINKS" in said
    assert caught.value.exit_code == 3
    assert envs(tmp_path / "cache") == []


def test_without_any_place_to_look_the_error_says_so(main: Path, second: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="was found in nowhere"):
        ensure(main, name="cars", extra=[second])


def test_a_wheel_with_another_hash_is_refused(main: Path, second: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "over", "boiler", "2.0+cpu").write_bytes(b"something else")
    with pytest.raises(EnvironmentFailed, match="none of its wheels was found"):
        ensure(main, name="cars", extra=[second], find_links=[str(tmp_path / "over")])
    assert envs(tmp_path / "cache") == []


def test_what_a_wheel_needs_has_to_be_in_the_main_lock(main: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "over", "boiler", "2.0", needs="coal")
    second = lock(tmp_path / "requirements-torch.lock", wheel)
    with pytest.raises(EnvironmentFailed, match=r"lacks what requirements-torch\.lock depends on"):
        ensure(main, name="cars", extra=[second], find_links=[str(tmp_path / "over")])
    assert envs(tmp_path / "cache") == []


def test_places_are_told_by_the_variable_then_pip_then_the_organisation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert wheels.find_links() == ()
    assert wheels.find_links(["/theirs"]) == ("/theirs",)

    pip = tmp_path / "bin" / "pip"
    pip.parent.mkdir()
    pip.write_text('#!/bin/sh\n[ "$*" = "config get global.find-links" ] && echo "/one /two"\n')
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", f"{pip.parent}:/usr/bin:/bin")
    assert wheels.find_links(["/theirs"]) == ("/one", "/two")

    monkeypatch.setenv("GLEIS_FIND_LINKS", "/mine")
    assert wheels.find_links(["/theirs"]) == ("/mine",)


def test_a_folder_is_meant_from_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("GLEIS_FIND_LINKS", "over ~/wheels file:///there https://example.com/x/")
    assert wheels.find_links() == (
        str(tmp_path / "over"),
        "/home/me/wheels",
        "file:///there",
        "https://example.com/x/",
    )


def test_a_password_in_an_address_is_not_shown() -> None:
    assert wheels.shown(["https://me:secret@example.com/torch/"]) == "https://example.com/torch/"


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (TORCH, True),
        (TORCH.replace(HERE, "cp27"), False),
        (TORCH.replace(f"_{platform.machine().lower()}.whl", "_mips.whl"), False),
        (TORCH.replace("torch-", "torchvision-"), False),
        ("torch-2.13.0+cpu.tar.gz", False),
    ],
)
def test_a_wheel_of_torch_is_one_for_this_python_and_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fits: bool
) -> None:
    (tmp_path / name).write_bytes(b"")
    monkeypatch.setenv("GLEIS_FIND_LINKS", f"https://example.com/torch/ {tmp_path.as_uri()}")

    assert wheels.cpu_torch() == (tmp_path / name if fits else None)
    state = catalogue.status(catalogue.tool("torch-cpu-wheel"))
    assert (state.state, state.version) == (("ok", "2.13.0") if fits else ("missing", ""))


def test_who_has_no_wheel_of_torch_is_told_how_to_get_one() -> None:
    said = catalogue.missing("torch-cpu-wheel")
    assert "gleis run in a PyTorch repo" in said
    assert "https://download.pytorch.org/whl/cpu" in said
