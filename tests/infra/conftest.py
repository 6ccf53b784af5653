"""Terraform for `gleis infra`, and roots without a provider."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.terraform.rig import Terraform, find

FIXTURES = Path(__file__).with_name("fixtures")
MakeRoot = Callable[..., Path]

CODE = """\
variable "colour" {
  type    = string
  default = "green"
}

resource "terraform_data" "this" {
  input = { colour = var.colour, shape = "round" }
}
"""


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return find(tmp_path_factory.mktemp("home"))


@pytest.fixture
def terraform(rig: Terraform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """The terraform of this machine, which `gleis infra` then takes, without anybody's settings."""
    settings = tmp_path / "terraform.rc"
    settings.write_text("")
    monkeypatch.setenv("GLEIS_TERRAFORM", shlex.join(rig.argv))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(settings))
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "plugins"))
    return rig


@pytest.fixture
def make_root(terraform: Terraform, tmp_path: Path) -> MakeRoot:
    """Makes a root that was applied; returns its folder."""

    def make(name: str = "root", code: str = CODE) -> Path:
        folder = tmp_path / "roots" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(code)
        terraform.checked(folder, "init", "-input=false")
        terraform.checked(folder, "apply", "-auto-approve", "-input=false")
        return folder

    return make


def plan_json(name: str) -> str:
    return (FIXTURES / f"{name}.json").read_text()
