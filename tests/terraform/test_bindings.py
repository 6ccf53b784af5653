"""The schema-only provider: right code passes, misspelt and missing arguments do not."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import pytest

from gleis.tools import environments

from .rig import Terraform, bindings, find, program, providers

HEAD = """
terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm" }
  }
}
"""
GROUP = """
resource "azurerm_resource_group" "this" {
  name     = "rg"
  location = "westeurope"
}
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform with a schema-only provider of one resource type."""
    home = tmp_path_factory.mktemp("alone")
    found = find(home)
    python = environments.ensure(program.LOCK, name="terraform").python
    try:
        place = providers.schema_only("azurerm", {"azurerm_resource_group"}, python)
    except (urllib.error.URLError, TimeoutError) as error:
        pytest.fail(f"npm's registry cannot be reached: {error}", pytrace=False)
    settings = home / "terraform.rc"
    settings.write_text(
        f'provider_installation {{\n  dev_overrides {{ "hashicorp/azurerm" = "{place}" }}\n'
        "  direct {}\n}\n"
    )
    return found


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (GROUP, "The configuration is valid"),
        (GROUP.replace("location", "locaton"), 'Did you mean "location"?'),
        (GROUP.replace('  name     = "rg"\n', ""), 'The argument "name" is required'),
        (GROUP.replace('"rg"', '["rg"]'), "string required"),
        (GROUP.replace("_group", "_groups"), "does not support resource type"),
    ],
)
def test_it_tells_right_from_wrong(alone: Terraform, tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "main.tf").write_text(HEAD + code)

    done = alone(tmp_path, "validate", "-no-color")

    output = " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert said in output
    assert (done.returncode == 0) == ("is valid" in said)


def test_a_mocked_run_needs_no_more(alone: Terraform, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(HEAD + GROUP)
    (tmp_path / "main.tftest.hcl").write_text(
        'mock_provider "azurerm" {}\nrun "the_group_has_its_name" {\n  assert {\n'
        '    condition = azurerm_resource_group.this.name == "rg"\n    error_message = "no"\n  }\n}'
    )

    assert "1 passed, 0 failed" in alone.checked(tmp_path, "test", "-no-color")


def test_it_makes_nothing(alone: Terraform, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(HEAD + 'provider "azurerm" {\n  features {}\n}\n' + GROUP)

    done = alone(tmp_path, "plan", "-no-color")

    assert done.returncode != 0
    assert "knows a schema only" in done.stdout + done.stderr


def test_bindings_that_are_not_the_pinned_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GLEIS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "@cdktf" / "provider-google" / "-"
    folder.mkdir(parents=True)
    version = bindings.KNOWN["google"]["version"]
    (folder / f"provider-google-{version}.tgz").write_bytes(b"something else")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", tmp_path.as_uri())

    with pytest.raises(ValueError, match="not the package that is pinned"):
        bindings.fetch("google")


def test_nested_blocks_and_what_can_only_be_read_are_known() -> None:
    found = bindings.schemas("azurerm", {"azurerm_kubernetes_cluster"})
    block = found["resources"]["azurerm_kubernetes_cluster"]

    assert block["attributes"]["oidc_issuer_url"] == {"type": "string", "computed": True}
    assert block["attributes"]["location"] == {"type": "string", "required": True}
    pool = block["block_types"]["default_node_pool"]
    assert (pool["nesting_mode"], pool["min_items"], pool["max_items"]) == ("list", 1, 1)
    assert pool["block"]["attributes"]["zones"]["type"] == ["set", "string"]
    assert block["attributes"]["kube_config"]["type"][0] == "list"
