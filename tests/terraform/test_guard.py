"""Azure deletes a full store or registry without a word; the guard of the modules forbids it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .rig import TERRAFORM, Terraform

_GUARD = re.compile(r'^resource "terraform_data" "guard" \{\n.*?^\}\n', re.M | re.S)


def guard(module: str) -> str:
    """The guard of `module`, around a name instead of a store."""
    text = (TERRAFORM / "modules" / "azure" / module / "main.tf").read_text()
    found = _GUARD.search(text)
    assert found is not None, f"{module} has no guard"
    return re.sub(r"azurerm_\w+\.this\.(name|id)", '"acmedata"', found[0])


@pytest.mark.parametrize("module", ["artifact-store", "registry"])
def test_what_is_full_is_destroyed_only_after_someone_said_so(
    terraform: Terraform, tmp_path: Path, module: str
) -> None:
    (tmp_path / "main.tf").write_text(
        f'variable "force_destroy" {{\n  default = false\n}}\n{guard(module)}'
    )
    said = ("-no-color", "-auto-approve")
    terraform.checked(tmp_path, "init", "-no-color")
    terraform.checked(tmp_path, "apply", *said)

    refused = terraform(tmp_path, "destroy", *said)
    terraform.checked(tmp_path, "apply", *said, "-var", "force_destroy=true")
    terraform.checked(tmp_path, "destroy", *said, "-var", "force_destroy=true")

    assert refused.returncode != 0
    assert "acmedata would be deleted" in refused.stdout
    assert "Apply once with force_destroy = true" in refused.stdout
