"""What comes out of the template: complete, tidy files that call the platform at one commit."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from tests.template.conftest import ROOT, VERSION, Render, files, git

# Every pair of answers is in at least one line.
VARIANTS: list[dict[str, Any]] = [
    {"task": "classification", "serving": "online", "ci": ["github"], "target": "kubernetes"},
    {"task": "classification", "serving": "batch", "ci": ["github", "jenkins"], "target": "swarm"},
    {"task": "classification", "serving": "none", "ci": ["jenkins"], "target": "kubernetes"},
    {"task": "regression", "serving": "online", "ci": ["jenkins"], "target": "swarm"},
    {"task": "regression", "serving": "batch", "ci": ["github"], "target": "kubernetes"},
    {"task": "regression", "serving": "none", "ci": ["github", "jenkins"], "target": "swarm"},
    {
        "task": "regression",
        "serving": "online",
        "ci": ["github", "jenkins"],
        "target": "kubernetes",
    },
    {"task": "regression", "serving": "none", "ci": ["github"], "target": "swarm"},
    {"task": "classification", "serving": "batch", "ci": ["jenkins"], "target": "kubernetes"},
    {"framework": "pytorch", "task": "classification", "serving": "online", "ci": ["github"]},
    {"framework": "pytorch", "task": "regression", "serving": "batch", "ci": ["jenkins"]},
    {"framework": "pytorch", "task": "regression", "serving": "online", "target": "swarm"},
    {"framework": "pytorch", "task": "classification", "serving": "none", "ci": ["jenkins"]},
]
DEFAULTS = {"framework": "sklearn", "ci": ["github"], "target": "kubernetes"}
FRAMEWORKS = ["sklearn", "pytorch"]
MODEL_AND_DATA = ("model.py", "bundled.py")
WORKFLOW = ".github/workflows/ci.yml"
SCHEDULE = ".github/workflows/schedule.yml"
JENKINSFILE = "Jenkinsfile"
CALLER = re.compile(
    r"ml-(?:pipeline|schedule)\.yml@(\S+) # (\S+)|gleis@([^']+)'|gleis: '?([0-9a-f]+)"
)


def title(variant: dict[str, Any]) -> str:
    return "-".join([variant["framework"], variant["task"], variant["serving"], *variant["ci"]])


@pytest.fixture(scope="module", params=[DEFAULTS | each for each in VARIANTS], ids=title)
def variant(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.fixture(scope="module")
def repo(variant: dict[str, Any], render: Render) -> Path:
    return render(name="bearing-wear-of-the-large-gear-box-two", **variant)


def test_files_are_few_short_and_tidy(repo: Path) -> None:
    assert len(files(repo)) <= 60
    for path in files(repo):
        text = path.read_text()
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert not [line for line in text.splitlines() if line != line.rstrip()], path
        if path.suffix != ".lock":
            assert len(text.splitlines()) <= 250, path


def test_nothing_of_the_template_is_left(repo: Path) -> None:
    for path in files(repo):
        assert "{" not in str(path.relative_to(repo))
        assert path.suffix != ".jinja"
        text = path.read_text().replace("${{", "")
        assert "{{" not in text, path
        assert "{%" not in text, path
        assert "\n\n\n\n" not in text, path


def test_every_format_parses(repo: Path) -> None:
    for path in files(repo):
        if path.suffix in (".yaml", ".yml"):
            yaml.safe_load(path.read_text())
        elif path.suffix == ".toml":
            tomllib.loads(path.read_text())
        elif path.suffix == ".py":
            ast.parse(path.read_text())


def test_only_the_ci_systems_that_were_asked_for_are_called(
    repo: Path, variant: dict[str, Any]
) -> None:
    assert (repo / WORKFLOW).exists() == ("github" in variant["ci"])
    assert (repo / WORKFLOW).parent.exists() == ("github" in variant["ci"])
    assert (repo / JENKINSFILE).exists() == ("jenkins" in variant["ci"])


def test_callers_are_thin_and_pin_one_commit(repo: Path, sha: str) -> None:
    for caller in (repo / WORKFLOW, repo / SCHEDULE, repo / JENKINSFILE):
        if caller.exists():
            text = caller.read_text()
            assert len(text.splitlines()) <= 20
            found = [part for match in CALLER.findall(text) for part in match if part]
            assert set(found) <= {sha, VERSION}
            assert found.count(sha) == 2
            assert VERSION in text


def test_both_callers_of_a_repo_hand_on_the_same(repo: Path, variant: dict[str, Any]) -> None:
    if "github" not in variant["ci"]:
        return
    contract = yaml.safe_load((repo / "project.yaml").read_text())
    change, calendar = (
        yaml.load((repo / name).read_text(), yaml.BaseLoader) for name in (WORKFLOW, SCHEDULE)
    )
    for caller in (change, calendar):
        job = caller["jobs"]["pipeline"]
        assert job["uses"].startswith(f"{job['with']['platform']}/")
        assert job["uses"].endswith(f"@{job['with']['gleis']}")
        assert json.loads(job["with"]["environments"]) == contract["delivery"]["environments"]
    assert change["jobs"]["pipeline"]["with"] == calendar["jobs"]["pipeline"]["with"]
    assert calendar["on"]["schedule"] == [{"cron": contract["training"]["schedule"]}]


def test_the_contract_says_what_was_answered(repo: Path, variant: dict[str, Any]) -> None:
    contract = yaml.safe_load((repo / "project.yaml").read_text())
    assert contract["metadata"]["name"] == "bearing-wear-of-the-large-gear-box-two"
    assert contract["model"]["task"] == variant["task"]
    assert contract["model"]["framework"] == variant["framework"]
    assert contract["serving"]["mode"] == variant["serving"]
    assert contract["delivery"]["ci"] == variant["ci"]
    assert contract["delivery"]["target"] == variant["target"]


def test_slices_and_target_are_columns_of_the_data_contract(repo: Path) -> None:
    columns = yaml.safe_load((repo / "data-contract.yaml").read_text())["columns"]
    slices = yaml.safe_load((repo / "project.yaml").read_text())["model"]["metric"]["slices"]
    assert set(slices) <= set(columns)
    data = next((repo / "src").glob("*/data.py")).read_text()
    assert re.search(r'^TARGET = "(\w+)"$', data, re.MULTILINE)[1] in columns


def test_a_service_is_there_only_when_it_is_wanted(repo: Path, variant: dict[str, Any]) -> None:
    online = variant["serving"] == "online"
    assert bool(list((repo / "src").glob("*/serve.py"))) == online
    dependencies = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(each.startswith("fastapi") for each in dependencies) == online


def test_every_direct_dependency_is_locked(repo: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text())
    lock = "".join(path.read_text() for path in repo.glob("requirements*.lock"))
    wanted = [*project["project"]["dependencies"], *chain(*project["dependency-groups"].values())]
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower()
        assert re.search(rf"^{re.escape(name)}==\S+ ", lock, re.MULTILINE), requirement


def test_there_is_one_model_and_it_knows_one_library(repo: Path, variant: dict[str, Any]) -> None:
    """What is not in `model.py` (and in the example data) works with any framework."""
    theirs = {"sklearn": {"sklearn", "skops"}, "pytorch": {"torch", "safetensors"}}
    (model,) = (repo / "src").glob("*/model.py")
    assert imported(model) & set(chain(*theirs.values())) == theirs[variant["framework"]]
    others = [path for path in model.parent.glob("*.py") if path.name not in MODEL_AND_DATA]
    assert len(others) > 10
    for path in others:
        assert not imported(path) & set(chain(*theirs.values())), path


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_gpus_and_nodes_are_those_that_were_asked_for(render: Render) -> None:
    for compute, engine, nodes, gpus in (("0", "single", 1, 0), ("2", "single", 1, 2), ("4x8", "distributed", 4, 8)):
        repo = render(framework="pytorch", compute=compute)
        training = yaml.safe_load((repo / "project.yaml").read_text())["training"]
        found = (training["engine"], training["nodes"], training["gpusPerNode"])
        assert found == (engine, nodes, gpus)
        assert (training["gpuType"] == "none") == (gpus == 0)


def test_torch_has_a_lock_of_its_own_and_nobody_else_has_one(render: Render) -> None:
    assert (render(framework="pytorch") / "requirements-torch.lock").is_file()
    assert not list(render().glob("requirements-*"))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_template_asks_for_what_the_lock_was_made_from(render: Render, framework: str) -> None:
    project = tomllib.loads((render(framework=framework) / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    lines = (ROOT / "requirements" / f"{framework}.in").read_text().splitlines()
    assert sorted(wanted) == sorted(line for line in lines if line and not line.startswith("#"))


def test_the_lock_has_a_hash_for_everything_and_no_address(default: Path) -> None:
    lock = (default / "requirements.lock").read_text()
    entries = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", lock, re.MULTILINE | re.DOTALL)
    assert len(entries) > 50
    assert not [entry for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in lock


def test_owner_and_cost_centre_are_those_of_the_team(render: Render) -> None:
    metadata = yaml.safe_load((render(team="vision") / "project.yaml").read_text())["metadata"]
    assert (metadata["owner"], metadata["costCenter"]) == ("vision-ml@example.com", "CC-4720")


def test_the_base_image_is_that_of_the_platform_by_digest(default: Path) -> None:
    image = yaml.safe_load((ROOT / "platform.yaml").read_text())["baseImages"]["python"]
    dockerfile = (default / "Dockerfile").read_text()
    first, *others = re.findall(r"^FROM (.*)$", dockerfile, re.MULTILINE)
    assert first == f"{image['image']}@{image['digest']} AS python"
    assert others == ["python AS build", "python"]


def test_a_copy_of_a_plain_folder_pins_what_no_ci_system_finds(
    platform: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    shutil.copytree(platform, plain, ignore=shutil.ignore_patterns(".git"))
    copier.run_copy(str(plain), tmp_path / "repo", defaults=True, quiet=True)
    assert f"@{'0' * 40} # v0.0.0-unversioned" in (tmp_path / "repo" / WORKFLOW).read_text()


def test_a_copy_before_the_first_release_has_a_version_too(platform: Path, tmp_path: Path) -> None:
    early = tmp_path / "early"
    git(tmp_path, "clone", "-q", "--no-tags", str(platform), str(early))
    copier.run_copy(str(early), tmp_path / "repo", defaults=True, quiet=True, vcs_ref="HEAD")
    text = (tmp_path / "repo" / WORKFLOW).read_text()
    assert re.search(r"@[0-9a-f]{40} # v0\.0\.0-[0-9a-f]{7,}$", text, re.MULTILINE)


def test_the_answers_are_kept_for_updates(default: Path) -> None:
    answers = yaml.safe_load((default / ".copier-answers.yml").read_text())
    assert answers["_commit"] == VERSION
    assert answers["name"] == "my-model"
    assert "platform" not in answers


@pytest.mark.parametrize("profile", sorted((ROOT / "profiles").glob("*.yml")), ids=lambda p: p.stem)
def test_a_profile_makes_a_repo(render: Render, profile: Path) -> None:
    answers = yaml.safe_load(profile.read_text())
    contract = yaml.safe_load((render(**answers) / "project.yaml").read_text())
    assert contract["serving"]["mode"] == answers["serving"]


def test_two_copies_are_equal(render: Render, default: Path) -> None:
    again = render()
    assert [path.relative_to(again) for path in files(again)] == [
        path.relative_to(default) for path in files(default)
    ]
    for path in files(default):
        if path.name != ".copier-answers.yml":
            assert path.read_bytes() == (again / path.relative_to(default)).read_bytes()


def test_renovate_moves_the_platforms_commit_wherever_a_workflow_names_it(
    render: Render, sha: str
) -> None:
    repo = render(ci=["github"])
    settings = json.loads((repo / "renovate.json").read_text())
    (manager,) = settings["customManagers"]
    patterns = [each.replace("(?<", "(?P<") for each in manager["matchStrings"]]
    for name in (WORKFLOW, SCHEDULE):
        assert any(re.search(each.strip("/"), name) for each in manager["managerFilePatterns"])
        text = (repo / name).read_text()
        assert f"platform: {manager['depNameTemplate']}\n" in text
        found = [match for each in patterns for match in re.finditer(each, text)]
        assert [(it["currentDigest"], it["currentValue"]) for it in found] == [(sha, VERSION)]
    assert settings["schedule"] == ["before 6am on monday"]


def test_the_linters_of_workflows_find_nothing_in_the_callers(
    render: Render, tmp_path: Path
) -> None:
    repo = render(ci=["github"])
    programs = Path(sys.executable).parent
    callers = [str(repo / name) for name in (WORKFLOW, SCHEDULE)]
    for argv in (
        [programs / "actionlint", *callers],
        [programs / "zizmor", "--offline", "--no-progress", "--persona", "pedantic", *callers],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
