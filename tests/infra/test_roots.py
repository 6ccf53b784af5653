"""Roots by convention, and the folder that Terraform runs in instead of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gleis.cli import main
from gleis.infra import command, roots, scratch, terraform
from gleis.infra.errors import InfraError, TerraformFailed
from gleis.tools.errors import ToolMissing

from .conftest import MakeRoot


def lay(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("")


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    lay(
        tmp_path,
        "terraform/stacks/aws/network/main.tf",
        "terraform/stacks/aws/tenants/main.tf",
        "terraform/live/aws/dev/dev.s3.tfbackend",
        "terraform/live/aws/dev/network.tfvars",
        "terraform/live/aws/dev/tenants/quality.tfvars",
        "terraform/live/aws/dev/tenants/vision.tfvars",
        "terraform/live/aws/prod/prod.s3.tfbackend",
        "terraform/live/aws/prod/network.tfvars",
    )
    return tmp_path


def test_each_file_of_variables_makes_a_root_with_a_key_of_its_own(platform: Path) -> None:
    found = {root.name: root for root in roots.discover(platform)}
    assert list(found) == [
        "aws/dev/network",
        "aws/dev/tenants/quality",
        "aws/dev/tenants/vision",
        "aws/prod/network",
    ]
    vision = found["aws/dev/tenants/vision"]
    assert vision.folder == (platform / "terraform/stacks/aws/tenants").resolve()
    assert vision.backend == {"key": "dev/tenants/vision.tfstate"}
    assert vision.variables == {"environment": "dev", "team": "vision"}
    assert vision.backend_file is not None
    assert vision.backend_file.name == "dev.s3.tfbackend"
    assert found["aws/prod/network"].backend == {"key": "prod/network.tfstate"}


def test_one_environment_can_be_chosen(platform: Path) -> None:
    assert [each.name for each in roots.discover(platform, environment="prod")] == [
        "aws/prod/network"
    ]
    with pytest.raises(InfraError, match=r"no root below .* for azure"):
        roots.discover(platform, cloud="azure")


@pytest.mark.parametrize(
    ("more", "gone", "says"),
    [
        ("terraform/live/aws/dev/nets.tfvars", None, "nets.tfvars has no stack"),
        ("terraform/live/aws/dev/other.tfbackend", None, "several backend files"),
        (None, "terraform/live/aws/dev/dev.s3.tfbackend", r"holds no \*\.tfbackend"),
    ],
)
def test_what_is_not_as_the_convention_has_it_is_named(
    platform: Path, more: str | None, gone: str | None, says: str
) -> None:
    if more:
        lay(platform, more)
    if gone:
        (platform / gone).unlink()
    with pytest.raises(InfraError, match=says):
        roots.discover(platform)


def test_a_folder_without_terraform_is_no_root(tmp_path: Path) -> None:
    with pytest.raises(InfraError, match=r"no \*\.tf file"):
        roots.single(tmp_path)
    with pytest.raises(InfraError, match="no folder"):
        roots.single(tmp_path / "absent")


def test_wrong_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infra", "plan", "--root", ".", "--environment", "dev"]) == 2
    assert main(["infra", "plan", "--var-file", "x"]) == 2
    assert main(["infra", "plan", "--plan", "absent.json"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_code_that_reaches_out_of_its_root_finds_what_it_reaches_for(
    make_root: MakeRoot, tmp_path: Path
) -> None:
    repo = tmp_path / "roots"
    (repo / ".git").mkdir(parents=True)
    (repo / "modules/a").mkdir(parents=True)
    (repo / "modules/b").mkdir()
    (repo / "platform.yaml").write_text("name: acme\n")
    (repo / "modules/a/main.tf").write_text('module "b" {\n  source = "../b"\n}\n')
    (repo / "modules/b/main.tf").write_text('resource "terraform_data" "b" {}\n')
    folder = make_root(
        "stacks/aws/network",
        'module "a" {\n  source = "../../../modules/a"\n}\n'
        'resource "terraform_data" "p" {\n  input = file("../../../platform.yaml")\n}\n',
    )
    plan = terraform.find().plan(roots.single(folder), state=False)
    assert {each.address for each in plan.of("create")} == {
        "module.a.module.b.terraform_data.b",
        "terraform_data.p",
    }


def test_a_root_is_as_it_was_and_nothing_is_left_behind(tmp_path: Path) -> None:
    lay(tmp_path, "root/main.tf", "root/.terraform/x", "root/.terraform.lock.hcl", "beside/x")
    (tmp_path / ".git").mkdir()
    with scratch.of(tmp_path / "root") as here:
        assert sorted(each.name for each in here.iterdir()) == [".terraform.lock.hcl", "main.tf"]
        assert not (here / ".terraform.lock.hcl").is_symlink()
        (here / ".terraform.lock.hcl").write_text("changed")
        (here / ".terraform").mkdir()
        assert (here / "../beside/x").is_file()
    assert not here.exists()
    assert (tmp_path / "root/.terraform.lock.hcl").read_text() == ""


def test_without_state_everything_is_new_and_no_backend_is_asked(make_root: MakeRoot) -> None:
    folder = make_root()
    (folder / "backend.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    plan = terraform.find().plan(roots.single(folder), state=False)
    assert plan.counts == {"create": 1}


def test_the_state_can_be_pulled(make_root: MakeRoot) -> None:
    folder = make_root()
    with terraform.find().opened(roots.single(folder)) as opened:
        state = json.loads(opened.state())
    assert state == json.loads((folder / "terraform.tfstate").read_text())


def test_a_backend_gets_its_partial_configuration(make_root: MakeRoot, tmp_path: Path) -> None:
    folder = make_root()
    (tmp_path / "states").mkdir()
    (folder / "backend.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    (folder / "terraform.tfstate").rename(tmp_path / "states/dev.tfstate")
    partial = tmp_path / "dev.tfbackend"
    partial.write_text(f'workspace_dir = "{tmp_path}/workspaces"\n')
    root = replace(
        roots.single(folder),
        backend_file=partial,
        backend={"path": str(tmp_path / "states/dev.tfstate")},
    )
    assert terraform.find().plan(root).empty


def test_variables_come_from_the_files_that_are_named(make_root: MakeRoot, tmp_path: Path) -> None:
    folder = make_root()
    values = tmp_path / "red.tfvars"
    values.write_text('colour = "red"\n')
    plan = terraform.find().plan(roots.single(folder, var_files=(values,)))
    assert plan.changes[0].attributes[0].after == "red"


def test_what_terraform_says_is_told_without_secrets_of_the_environment(
    make_root: MakeRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_root()
    monkeypatch.setenv("EXAMPLE_SECRET", "open-sesame-1")
    wrong = 'resource "terraform_data" "{}" {{\n  nope = 1\n}}\n'
    (folder / "main.tf").write_text(wrong.format("open-sesame-1") + wrong.format("open-sesame-2"))
    program = replace(terraform.find(), env={"CI_TOKEN": "open-sesame-2"})
    with pytest.raises(TerraformFailed, match="Unsupported argument") as caught:
        program.plan(roots.single(folder))
    assert "open-sesame" not in caught.value.message
    assert "(hidden)" in caught.value.message


def test_settings_that_would_change_our_words_are_not_passed_on(
    make_root: MakeRoot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = make_root()
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TF_LOG", "trace")
    assert terraform.find().plan(roots.single(folder)).empty
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("told", "error", "says"),
    [
        ("no-such-terraform --fast", ToolMissing, "is not there"),
        ("terraform 'unclosed", InfraError, "cannot be read as words"),
        ("true", ToolMissing, "does not say which Terraform"),
    ],
)
def test_a_program_that_is_no_terraform_is_refused(
    told: str, error: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLEIS_TERRAFORM", told)
    with pytest.raises(error, match=says):
        terraform.find()


def test_an_old_terraform_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "terraform"
    old.write_text('#!/bin/sh\necho \'{"terraform_version": "1.9.8"}\'\n')
    old.chmod(0o755)
    monkeypatch.setenv("GLEIS_TERRAFORM", str(old))
    with pytest.raises(ToolMissing, match=r"1\.9\.8; 1\.11 is the oldest"):
        terraform.find()


def test_without_terraform_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLEIS_TERRAFORM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"terraform was not found; needed by gleis infra"):
        terraform.find()


def test_the_library_and_we_make_the_same_words() -> None:
    options: dict[str, command.Option] = {
        "out": "p",
        "input": False,
        "lock": True,
        "no_color": command.FLAG,
        "var": ["a=b", "c=d"],
        "backend_config": [],
        "none": None,
    }
    ours = command.ours("state pull", ("x",), options)
    assert command.with_library("state pull", ("x",), options) == ours
    said = "state pull -out=p -input=false -lock=true -no-color -var=a=b -var=c=d x"
    assert " ".join(ours) == said
