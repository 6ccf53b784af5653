"""A module is the same in every cloud, but for what terraform/differences.yaml allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.contract.problem import ContractError
from gleis.infra import interface, parity

from .rig import TERRAFORM

AWS = """\
variable "context" {
  description = "Who owns it."
  type        = object({ team = string, ids = optional(list(string), ["a,b"]) })
}

variable "keep_images" {
  type    = number
  default = 50
}

variable "identities" {
  type     = set(string)
  default  = []
  nullable = false
}
"""
OUTPUTS = """\
output "registry_host" {
  value = "example.com"
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two clouds whose module `registry` is the same."""
    for cloud in ("aws", "azure"):
        folder = tmp_path / "terraform" / "modules" / cloud / "registry"
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text("# Images.\n")
        (folder / "variables.tf").write_text(AWS)
        (folder / "outputs.tf").write_text(OUTPUTS)
    return tmp_path


def change(root: Path, old: str, new: str, file: str = "variables.tf") -> None:
    path = root / "terraform" / "modules" / "azure" / "registry" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def allow(root: Path, *entries: tuple[str, str, str, str]) -> None:
    """Allow differences of the module `registry`: cloud, part, name, difference."""
    lines = [
        f"  - {{module: modules/registry, cloud: {cloud}, part: {part}, name: {name}, "
        f"difference: {difference}, reason: The cloud has no such thing.}}\n"
        for cloud, part, name, difference in entries
    ]
    head = "apiVersion: gleis/v1\nkind: CloudDifferences\ndifferences:\n"
    (root / parity.FILE).write_text(head + "".join(lines))


def judged(root: Path) -> list[str]:
    modules = interface.read_all(root / "terraform")
    return parity.judge(parity.compare(modules), parity.allowed(root))


def test_the_modules_of_all_clouds_ask_and_give_the_same_but_for_what_is_allowed() -> None:
    assert judged(TERRAFORM.parent) == []
    assert parity.clouds(interface.read_all(TERRAFORM))  # there is something to compare


def test_what_is_the_same_but_for_spaces_order_and_words_does_not_differ(root: Path) -> None:
    change(
        root,
        'object({ team = string, ids = optional(list(string), ["a,b"]) })',
        'object({\n    ids  = optional(list(string), ["a,b"]) # of groups\n    team = string\n  })',
    )
    change(root, "Who owns it.", "Whose it is.")
    change(root, "50", "10")

    assert judged(root) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'variable "keep_images" {\n  type    = number\n  default = 50\n}\n',
            "",
            "variable `keep_images` is missing, aws has it",
        ),
        (
            'variable "keep_images"',
            'variable "sku" {\n  type    = string\n  default = ""\n}\n\nvariable "keep_images"',
            "variable `sku` is extra, aws does not have it",
        ),
        (
            "type    = number",
            "type    = string",
            "variable `keep_images` has type `string` where aws has `number`",
        ),
        (
            '["a,b"]',
            '["a, b"]',
            'variable `context` has type `object({ids = optional(list(string), ["a, b"]), '
            'team = string})` where aws has `object({ids = optional(list(string), ["a,b"]), '
            "team = string})`",
        ),
        (
            "  default = 50\n",
            "",
            "variable `keep_images` is required where aws has a default",
        ),
        (
            "  nullable = false\n",
            "",
            "variable `identities` takes null where aws refuses null",
        ),
    ],
    ids=["missing", "extra", "type", "default of an attribute", "required", "nullable"],
)
def test_a_variable_that_differs_is_named(root: Path, old: str, new: str, message: str) -> None:
    change(root, old, new)

    assert judged(root) == [f"modules/azure/registry: {message}"]


def test_an_output_that_differs_is_named_in_both_ways(root: Path) -> None:
    change(root, "registry_host", "login_server", "outputs.tf")

    assert judged(root) == [
        "modules/azure/registry: output `registry_host` is missing, aws has it",
        "modules/azure/registry: output `login_server` is extra, aws does not have it",
    ]


def test_what_aws_does_not_have_is_measured_against_the_first_cloud_that_has_it(root: Path) -> None:
    modules = root / "terraform" / "modules"
    (modules / "gcp").mkdir()
    (modules / "aws" / "registry").rename(modules / "gcp" / "registry")
    change(root, "number", "string")

    assert judged(root) == [
        "modules/gcp/registry: variable `keep_images` has type `number` where azure has `string`"
    ]


def test_an_allowed_difference_is_allowed_and_no_other(root: Path) -> None:
    change(root, "  type    = number\n  default = 50\n", "  type    = string\n")
    allow(
        root,
        ("azure", "variable", "keep_images", "type"),
    )

    assert judged(root) == [
        "modules/azure/registry: variable `keep_images` is required where aws has a default"
    ]


def test_an_entry_that_allows_nothing_and_one_that_stands_twice_are_refused(root: Path) -> None:
    change(root, "registry_host", "login_server", "outputs.tf")
    twice = ("azure", "output", "login_server", "extra")
    allow(
        root,
        ("azure", "output", "registry_host", "missing"),
        ("gcp", "output", "registry_host", "missing"),
        twice,
        twice,
    )

    assert judged(root) == [
        "terraform/differences.yaml:5: output `registry_host` of modules/gcp/registry does not "
        "differ in this way (missing): take the entry out",
        "terraform/differences.yaml:6: output `login_server` of modules/azure/registry stands here "
        "more than once: keep one entry",
        "terraform/differences.yaml:7: output `login_server` of modules/azure/registry stands here "
        "more than once: keep one entry",
    ]


def test_a_malformed_entry_is_refused(root: Path) -> None:
    allow(root, ("oracle", "output", "registry_host", "extra"))

    with pytest.raises(ContractError, match="oracle"):
        parity.allowed(root)
