"""House rules of `terraform/` that Terraform itself does not know, read off each interface."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gleis.infra import blocks, interface
from gleis.infra.interface import Interface

from .rig import TERRAFORM

ALL = interface.read_all(TERRAFORM)
MODULES = [each for each in ALL if each.name.startswith("modules/")]
# Bounds that every root has: what is tested lies within, and a major version is never a surprise.
BOUNDED = re.compile(r">= \d+(\.\d+)*, < \d+")
AWS = ("hashicorp/aws", ">= 5.95, < 7")
every = pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)


@every
def test_everything_that_is_asked_for_or_given_back_is_described(module: Interface) -> None:
    lacking = [it.name for it in (*module.variables, *module.outputs) if not it.description]
    untyped = [it.name for it in module.variables if it.type == "any"]

    assert not lacking, f"no description: {lacking}"
    assert not untyped, f"no type, or any: {untyped}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_wrong_value_is_refused_here_or_by_the_module_that_it_is_handed_on_to(
    module: Interface,
) -> None:
    lacking = {it.name for it in module.variables if it.type != "bool"} - refused(module)

    assert not lacking, f"{lacking} take any value: validate, or hand on to a module that does"


def refused(module: Interface) -> set[str]:
    """Variables with a validation or precondition, or handed on as they are to one that has it."""
    found = {it.name for it in module.variables if it.refused}
    for block in main_blocks(module.name):
        for condition in re.findall(r"^      condition +=(.*)$", block.text, re.M):
            found |= set(re.findall(r"\bvar\.(\w+)", condition))
        if block.kind == "module":
            source = (block.written("source") or "").strip('"')
            called = (TERRAFORM / module.name / source).resolve().relative_to(TERRAFORM).as_posix()
            safe = refused(interface.read(TERRAFORM, called))
            handed = re.findall(r"^  (\w+) += var\.(\w+)$", block.text, re.M)
            found |= {mine for theirs, mine in handed if theirs in safe}
    return found


def main_blocks(name: str) -> Iterator[blocks.Block]:
    for path in sorted((TERRAFORM / name).glob("*.tf")):
        yield from blocks.split(path.read_text())


@every
def test_terraform_and_providers_have_bounds(module: Interface) -> None:
    assert module.required_version == ">= 1.11"  # S3 states lock by a file from there on
    for name, (source, version) in module.providers.items():
        assert BOUNDED.fullmatch(version), f"{name}: {version}"
        if name == "aws":
            assert (source, version) == AWS


@every
def test_an_example_has_the_bounds_of_its_module(module: Interface) -> None:
    if (TERRAFORM / module.name / "examples" / "default").is_dir():
        example = interface.read(TERRAFORM, f"{module.name}/examples/default")

        assert example.required_version == module.required_version
        assert example.providers == module.providers


@pytest.mark.parametrize(
    "module", [each for each in MODULES if each.cloud], ids=lambda module: module.name
)
def test_argo_cd_is_told_what_it_needs(module: Interface) -> None:
    # Nothing in a cluster reads states.
    told = "gitops_metadata" in {it.name for it in module.outputs}

    assert told != module.name.endswith("/state-backend")


@every
def test_a_readers_first_words_say_what_it_is_for(module: Interface) -> None:
    text = (TERRAFORM / module.name / "main.tf").read_text()

    assert len(blocks.leading_comment(text).split()) >= 10, "main.tf begins with no comment"
