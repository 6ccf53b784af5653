"""A module's README says what the code says, and survives what Markdown would eat."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.infra import module_docs

MAIN = """\
# A store for one purpose;
# nobody else's.

module "contract" {
  source  = "../../contract"
  context = var.context
}

resource "aws_s3_bucket" "this" {
  bucket = var.bucket_name
}
"""
VARIABLES = """\
variable "keep_days" {
  description = "Days | that <objects> of *all* kinds stay (see bucket_name)."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_days > 0
    error_message = "keep_days is too small."
  }
  validation {
    condition     = var.keep_days < 99
    error_message = "keep_days is too large."
  }
}

variable "bucket_name" {
  description = "Its name."
  type        = string
  sensitive   = true
}

variable "context" {
  description = "Who owns it."
  type = object({
    a_rather_long_name_of_an_attribute = string # why
    another_long_name_of_an_attribute  = string
  })
}
"""
EXAMPLE = """\
# As a project has it.

provider "aws" {}

module "store" {
  source = "../.."
}
"""
FILES = {
    "main.tf": MAIN,
    "variables.tf": VARIABLES,
    "outputs.tf": 'output "id" {\n  description = "ARN."\n  value       = 1\n}\n',
    "versions.tf": 'terraform {\n  required_version = ">= 1.11"\n}\n',
    "examples/default/main.tf": EXAMPLE,
    "tests/store.tftest.hcl": 'run "S3_keeps_what_it_has" {\n  command = plan\n}\n',
}
REASON = "It has no *buckets*."
ALLOWED = f"""\
apiVersion: gleis/v1
kind: CloudDifferences
differences:
  - module: modules/store
    cloud: gcp
    part: output
    name: id
    difference: missing
    reason: {REASON}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "cache"))
    for name, text in FILES.items():
        file = tmp_path / "terraform" / "modules" / "aws" / "store" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.fixture
def readme(root: Path) -> str:
    return module_docs.render(root)["terraform/modules/aws/store/README.md"]


def test_it_begins_with_where_it_is_from_and_what_the_module_is_for(readme: str) -> None:
    assert readme.startswith(
        "<!-- Written by gleis render from the code in terraform/modules/aws/store: change that, "
        "then render again. -->\n\n# modules/aws/store\n\nA store for one purpose; nobody else's.\n"
    )


def test_usage_is_the_call_of_the_example_alone(readme: str) -> None:
    assert 'As a project has it.\n\n```hcl\nmodule "store" {\n  source = "../.."\n}\n```' in readme
    assert "provider" not in readme.partition("## Variables")[0]


def test_required_variables_come_first_and_each_row_has_what_is_refused(readme: str) -> None:
    rows = [line for line in readme.splitlines() if line.startswith("| `")]

    assert rows[:3] == [
        "| `bucket_name` | `string` | **required** | Its name. Sensitive. | – |",
        "| `context` | [object](#context) | **required** | Who owns it. | – |",
        "| `keep_days` | `number` | `30` | Days \\| that &lt;objects> of \\*all\\* kinds stay "
        "(see `bucket_name`). | `keep_days` is too small.<br>`keep_days` is too large. |",
    ]
    assert (
        "### context\n\n```hcl\nobject({\n  a_rather_long_name_of_an_attribute = string # why"
        in (readme)
    )


def test_the_rest_is_what_it_gives_makes_needs_and_was_tested_for(readme: str) -> None:
    assert "| `id` | ARN. |" in readme
    assert "- `aws_s3_bucket.this`" in readme
    assert "- `contract`: [../../contract](../../contract)" in readme
    assert "| Terraform | – | `>= 1.11` |" in readme
    assert readme.endswith("## What is tested\n\n- S3 keeps what it has.\n")


def test_every_link_of_the_committed_readmes_leads_somewhere() -> None:
    import re

    root = Path(__file__).parents[2]
    for name, text in module_docs.render(root).items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (root / name).parent.joinpath(target).exists(), f"{name}: {target}"


def test_the_page_shows_where_modules_are_and_each_difference_with_its_reason(root: Path) -> None:
    gcp = root / "terraform" / "modules" / "gcp" / "store"
    gcp.mkdir(parents=True)
    (gcp / "main.tf").write_text(MAIN)
    (gcp / "variables.tf").write_text(VARIABLES)
    (root / "terraform" / "differences.yaml").write_text(ALLOWED)

    page = module_docs.render(root)[module_docs.PAGE]

    assert "| `modules/store` | yes | – | yes |" in page
    assert "### modules/store" in page
    assert "| gcp | output `id` is missing, aws has it | It has no \\*buckets\\*. |" in page
    assert "Nothing so far" not in page


def test_a_checkout_without_terraform_has_nothing_to_write(tmp_path: Path) -> None:
    assert module_docs.render(tmp_path) == {}
