"""requirements/*.lock: exact, hashed, and the same for every index and machine."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = sorted(FOLDER.glob("*.lock"))
PIN = re.compile(r"[a-z0-9][a-z0-9-]*(\[[a-z0-9,-]+\])?==[^\s;\\]+( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(name: str) -> dict[str, str]:
    text = (FOLDER / f"{name}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]

    odd = [line for line in lines if not (PIN.fullmatch(line) or HASH.fullmatch(line))]
    assert odd == []
    for line, following in itertools.pairwise(lines):
        if line.endswith("\\"):
            assert HASH.fullmatch(following), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_address_and_no_machine(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert not re.search(r"(^|\s)/\w", text)
    assert "file:" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_has_a_source_and_a_line_in_the_readme(lock: Path) -> None:
    assert lock.stem in ("core", "helm", "torch") or lock.with_suffix(".in").is_file()
    assert f"`{lock.name}`" in (FOLDER / "README.md").read_text()


def test_torch_for_linux_can_only_be_the_build_for_cpus() -> None:
    """PyPI's is the CUDA build; the version with `+cpu` is nowhere but in PyTorch's own index."""
    lines = (FOLDER / "torch.lock").read_text().splitlines()
    pinned = [line for line in lines if "==" in line and not line.startswith("#")]

    assert all("+cpu" in line for line in pinned if "darwin" not in line)
    assert not {"torch", "triton"} & set(pins("pytorch"))
    assert not [name for name in pins("pytorch") if name.startswith(("nvidia", "cuda"))]


@pytest.mark.parametrize("name", ["test", "lint", "bootstrap"])
def test_what_is_tested_is_what_is_shipped(name: str) -> None:
    core, other = pins("core"), pins(name)

    assert {package: other[package] for package in core if package in other}.items() <= core.items()
