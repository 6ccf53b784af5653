"""A module's interface is read as it is written, kept by content, and what is broken is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.errors import ToolMissing
from gleis.infra import blocks, interface
from gleis.infra.interface import Interface, NotReadable

VARIABLES = """\
variable "sizes" {
  description = "A \\"size\\" | one of ${"many"}."
  type = object({
    small = string # cores
    large = optional(list(number), [1, 2])
  })
  default = { small = "a", large = [], "odd key" = null, on = true }

  validation {
    condition     = var.sizes.small != ""
    error_message = "sizes.small is \\"${var.sizes.small}\\": not $${empty}."
  }
  validation {
    condition     = length(var.sizes.large) < 9
    error_message = <<-EOT
}
      too many
    EOT
  }
}

variable "anything" {}

variable "token" {
  type      = string
  nullable  = false
  sensitive = true
}
"""


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "terraform" / "modules" / "aws" / "store"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(
        '# A store.\n\nresource "a" "b" {\n  count = 1\n}\n\noutput "id" {\n  value = a.b[0]\n}\n'
    )
    (folder / "variables.tf").write_text(VARIABLES)
    (folder / "versions.tf").write_text(
        'terraform {\n  required_version = ">= 1.11"\n\n  required_providers {\n    aws = {\n'
        '      source  = "hashicorp/aws"\n      version = ">= 5.95, < 7"\n    }\n  }\n}\n'
    )
    return tmp_path / "terraform"


def store(terraform: Path) -> Interface:
    return interface.read(terraform, "modules/aws/store")


def test_modules_and_stacks_are_found_by_folder_and_examples_are_none(terraform: Path) -> None:
    for name in ("stacks/aws/base", "modules/contract", "modules/aws/store/examples/default"):
        (terraform / name).mkdir(parents=True)
        (terraform / name / "main.tf").touch()

    assert interface.found(terraform) == [
        "modules/aws/store",
        "modules/contract",
        "stacks/aws/base",
    ]


def test_a_variable_is_read_with_its_type_default_and_what_it_refuses(terraform: Path) -> None:
    sizes, anything, token = store(terraform).variables

    assert sizes.type == "object({small = string, large = optional(list(number), [1, 2])})"
    assert sizes.written_type.splitlines()[1] == "  small = string # cores"
    assert sizes.default == '{small = "a", large = [], "odd key" = null, on = true}'
    assert sizes.description == 'A "size" | one of ….'
    assert sizes.refused[0] == 'sizes.small is "…": not ${empty}.'
    assert sizes.refused[1].split() == ["}", "too", "many"]
    assert not sizes.required
    assert anything.required
    assert anything.type == "any"
    assert anything.nullable
    assert (token.nullable, token.sensitive) == (False, True)


def test_outputs_and_versions_are_read_from_whichever_file_has_them(terraform: Path) -> None:
    module = store(terraform)

    assert [it.name for it in module.outputs] == ["id"]
    assert module.required_version == ">= 1.11"
    assert module.providers == {"aws": ("hashicorp/aws", ">= 5.95, < 7")}


def test_what_was_read_is_kept_until_what_it_says_changes(
    terraform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store(terraform)
    monkeypatch.setattr(interface, "_interface", None)  # would parse again

    main = terraform / "modules/aws/store/main.tf"
    main.write_text(main.read_text().replace("count = 1", "count = 2"))
    assert store(terraform) == first

    main.write_text(main.read_text().replace('output "id"', 'output "ids"'))
    with pytest.raises(TypeError):
        store(terraform)


def test_a_kept_file_that_is_broken_is_read_anew(terraform: Path) -> None:
    first = store(terraform)
    (kept,) = (terraform.parent / "cache" / "terraform").iterdir()
    kept.write_text(kept.read_text()[:40])

    assert store(terraform) == first


def test_a_file_that_is_no_terraform_is_named_with_its_line(terraform: Path) -> None:
    file = terraform / "modules/aws/store/variables.tf"
    file.write_text('# one\n\nvariable "x" {\n  default = = 1\n}\n')

    with pytest.raises(NotReadable, match=r"^terraform/modules/aws/store/variables\.tf:4 cannot"):
        store(terraform)


def test_without_the_parser_it_says_how_to_get_it(
    terraform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata

    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)

    with pytest.raises(ToolMissing, match="extra `infra`"):
        store(terraform)


def test_what_stands_in_a_heredoc_is_no_block() -> None:
    text = 'locals {\n  script = <<EOT\n}\nvariable "no" {\n}\nEOT\n}\n\nvariable "yes" {}\n'

    assert [(it.kind, it.labels, it.line) for it in blocks.split(text)] == [
        ("locals", (), 1),
        ("variable", ("yes",), 9),
    ]
