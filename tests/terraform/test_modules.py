"""Every module and stack: valid for its provider, and its mocked tests hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .rig import TERRAFORM, Module, Terraform, modules
from .rig.green import Green
from .rig.summary import Record, record

_RUN = re.compile(r'^run "(\w+)"', re.M)
_PASSED = re.compile(r"Success! (\d+) passed, 0 failed\.")
MODULES = [each for each in modules() if each.name.startswith("modules/")]


def test_every_file_is_formatted(terraform: Terraform, tree: Path) -> None:
    done = terraform(tree, "fmt", "-check", "-recursive", "-diff")

    assert done.returncode == 0, f"run terraform fmt -recursive terraform\n{done.stdout}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_it_is_valid_and_its_mocked_tests_hold(
    module: Module, terraform: Terraform, tree: Path, record_property: Record
) -> None:
    kept = Green(module, terraform)
    said = kept.read()
    if said is None:
        said = str(shown(module, terraform, tree))
        kept.keep(said)
        cached = ""
    else:
        cached = " (kept)"

    provider = module.provider
    against = f"{terraform.provider(provider)} provider" if provider else "no provider"
    record(record_property, module.name, "validated against", against)
    if module.tested:
        record(record_property, module.name, "mocked tests", f"{said} hold{cached}")


def shown(module: Module, terraform: Terraform, tree: Path) -> int:
    """How many runs held; the module and its example are valid."""
    folder = tree / module.name
    places = [folder] if module.example is None else [folder, folder / "examples" / "default"]
    for place in places:
        terraform.init(place)
        terraform.checked(place, "validate", "-no-color")
    if not module.tested:
        return 0
    done = terraform(folder, "test", "-no-color", timeout=300)
    assert done.returncode == 0, f"{module.name}\n{done.stdout}{done.stderr}"
    count = _PASSED.search(done.stdout)
    assert count is not None, done.stdout
    assert int(count[1]) == len(runs(module)), done.stdout
    return int(count[1])


def runs(module: Module) -> list[str]:
    return [name for path in module.folder.glob("tests/*.tftest.hcl")
            for name in _RUN.findall(path.read_text())]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_it_has_what_every_module_has(module: Module) -> None:
    files = {path.name for path in module.folder.iterdir()}
    assert {"main.tf", "outputs.tf", "variables.tf", "versions.tf"} <= files
    names = runs(module)
    assert len(names) >= 2, "two runs at least: one that holds, one that is refused"
    assert all(name.count("_") >= 3 for name in names), f"no sentences: {names}"
    text = "".join(path.read_text() for path in module.folder.glob("tests/*.tftest.hcl"))
    assert "expect_failures" in text, "nothing is refused"
    if module.provider is not None:
        assert module.example is not None, "an example is missing: examples/default"
        assert f'mock_provider "{module.provider}"' in text


def test_a_module_has_no_provider_block_and_nothing_is_called_latest() -> None:
    for path in TERRAFORM.rglob("*.tf"):
        text = path.read_text()
        if "modules" in path.parts and "examples" not in path.parts:
            assert not re.search(r"^provider ", text, re.M), f"{path}: callers configure providers"
        assert not re.search(r'=\s*"latest"', text), path
