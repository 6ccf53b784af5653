"""`infra/` of a new repo: there where a cloud is, well formed, and valid for the module it calls."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from tests.template.conftest import ROOT, VERSION, files, git
from tests.terraform.rig import Terraform, find

CLOUDS = ("aws", "azure", "gcp")
PROVIDERS = {"aws": "aws", "azure": "azurerm", "gcp": "google"}
ADDRESS = "https://github.com/example-org/gleis.git"


@pytest.fixture(scope="module")
def whole(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform with its Terraform, in git, at a tag."""
    folder = tmp_path_factory.mktemp("whole") / "gleis"
    shutil.copytree(platform, folder, ignore=shutil.ignore_patterns(".git"))
    left_out = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests", "examples")
    shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=left_out)
    git(folder, "init", "-q", "-b", "main")
    return folder


@pytest.fixture(scope="module", params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def repo(cloud: str, whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repo of an organisation that is in that cloud only."""
    return copied(whole, tmp_path_factory.mktemp(cloud) / "repo", cloud)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return find(tmp_path_factory.mktemp("home"))


def copied(whole: Path, folder: Path, cloud: str, **answers: Any) -> Path:
    path = whole / "platform.yaml"
    said = yaml.safe_load((ROOT / "platform.yaml").read_text())
    for name in CLOUDS:
        said["clouds"][name]["enabled"] = name == cloud
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    git(whole, "add", "-A")
    git(whole, "commit", "-q", "--allow-empty", "-m", f"Be in {cloud}")
    git(whole, "tag", "--force", VERSION)
    copier.run_copy(str(whole), folder, data=answers, defaults=True, quiet=True, vcs_ref="HEAD")
    return folder


def main_of(repo: Path) -> str:
    return (repo / "infra" / "main.tf").read_text()


def variables(text: str) -> Iterator[str]:
    yield from re.findall(r'^variable "(\w+)"', text, re.MULTILINE)


def test_the_contract_names_the_cloud_that_the_organisation_is_in(repo: Path, cloud: str) -> None:
    contract = yaml.safe_load((repo / "project.yaml").read_text())
    assert contract["delivery"]["cloud"] == cloud
    assert f'cloud            = "{cloud}"' in main_of(repo)
    assert f'provider "{PROVIDERS[cloud]}"' in main_of(repo)
    assert f'source = "hashicorp/{PROVIDERS[cloud]}"' in (repo / "infra/versions.tf").read_text()


def test_the_folder_is_small_and_holds_nothing_of_an_environment(repo: Path, cloud: str) -> None:
    there = {path.name for path in (repo / "infra").iterdir()}
    assert there == {"main.tf", "variables.tf", "versions.tf"}
    assert len(files(repo)) <= 60
    said = yaml.safe_load((ROOT / "platform.yaml").read_text())
    own = [*said["clouds"][cloud]["accounts"].values(), *(it["name"] for it in said["clusters"])]
    for path in (repo / "infra").iterdir():
        text = path.read_text()
        assert "{{" not in text
        assert "{%" not in text
        assert len(text.splitlines()) <= 120
        assert not [value for value in own if f'"{value}"' in text], path


def test_it_calls_the_platforms_module_at_the_commit_of_the_copy(
    repo: Path, cloud: str
) -> None:
    (found,) = re.findall(r'source = "git::(.*)\?ref=([0-9a-f]{40})" # (\S+)$', main_of(repo), re.M)
    assert found[0] == f"{ADDRESS}//terraform/modules/{cloud}/project"
    assert found[2] == VERSION
    assert (repo / ".github/workflows/ci.yml").read_text().count(found[1]) == 2


def test_renovate_moves_this_pin_with_the_others(repo: Path) -> None:
    settings = json.loads((repo / "renovate.json").read_text())
    (manager,) = settings["customManagers"]
    assert any(re.search(it.strip("/"), "infra/main.tf") for it in manager["managerFilePatterns"])
    patterns = [each.replace("(?<", "(?P<") for each in manager["matchStrings"]]
    found = [match for each in patterns for match in re.finditer(each, main_of(repo))]
    assert [it["currentValue"] for it in found] == [VERSION]


def test_it_is_formatted(repo: Path, terraform: Terraform) -> None:
    done = terraform(repo / "infra", "fmt", "-check", "-diff")
    assert done.returncode == 0, done.stdout


def test_without_a_cloud_there_is_no_infra(whole: Path, tmp_path: Path) -> None:
    repo = copied(whole, tmp_path / "repo", "onprem")
    assert not (repo / "infra").exists()
    assert yaml.safe_load((repo / "project.yaml").read_text())["delivery"]["cloud"] == "onprem"


def test_what_the_stack_hands_on_is_what_the_repo_takes(repo: Path, cloud: str) -> None:
    """The stack's output `inputs` fills these variables: a name that differs would be lost."""
    stack = (ROOT / "terraform" / "stacks" / cloud / "tenants" / "main.tf").read_text()
    (block,) = re.findall(r"^  inputs = \{\n(.*?)^  \}\n", stack, re.MULTILINE | re.DOTALL)
    handed_on = set(re.findall(r"^      (\w+) +=", block, re.MULTILINE))
    taken = set(variables((repo / "infra" / "variables.tf").read_text()))
    assert handed_on == taken - {"environment", "organisation", "account"}


def test_it_is_valid_for_the_module_that_it_calls(
    cloud: str, whole: Path, tmp_path: Path, terraform: Terraform
) -> None:
    """The module comes from git, as it would from the git host; the provider is the rig's."""
    folder = copied(whole, tmp_path / "repo", cloud) / "infra"
    instead = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{whole.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    terraform.checked(folder, "get", "-no-color", env=instead)
    terraform.checked(folder, "validate", "-no-color")
