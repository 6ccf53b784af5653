"""The module `contract`: the names, labels and subjects that all clouds are given.

Terraform evaluates many cases in one run; Python says what each must be.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from gleis.contract import names

from .rig import TERRAFORM, Terraform

# Name => the parts it is made of, and the longest that the service takes.
FITTED = {
    "base": ("owner", 63),
    "network": ("owner", 63),
    "bucket_prefix": ("global", 50),
    "role_prefix": ("owner", 50),
    "database": ("owner", 60),
    "key_alias": ("owner", 200),
    "budget": ("owner", 100),
    "service_account": ("owner", 28),
}
CLUSTER = {"aws": 63, "azure": 63, "gcp": 40}
BARE = {"storage_account": 15, "registry_compact": 40}
LABEL = re.compile(r"[a-z0-9_-]{0,63}")
CASES = 200


def cases() -> list[dict[str, str]]:
    """Names as short and as long as the schemas let them be, the same in every run."""
    chance = random.Random(4711)

    def word(longest: int) -> str:
        length = chance.choice([2, 3, chance.randint(2, longest), longest])
        middle = "".join(chance.choice("abcxyz019-") for _ in range(length - 2))
        return chance.choice("abz") + middle + chance.choice("az9")

    made = []
    for index in range(CASES):
        owner, project = word(40), word(40)
        made.append(
            {
                "cloud": ("aws", "azure", "gcp")[index % 3],
                "organisation": word(12),
                "region": "eu-central-1",
                "environment": ("dev", "staging", "prod")[index % 3],
                "team": owner,
                "project": project,
                "cost_center": chance.choice(["CC-4711", "Kostenstelle 12/3", "Ä" * 70]),
                "data_class": "internal",
                "repo": f"Example-Org/{word(90)}.git",
                "template_version": "v1.2.3",
            }
        )
    return made


@pytest.fixture(scope="module")
def answers(
    terraform: Terraform, tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Each case, and what the module makes of it."""
    folder = tmp_path_factory.mktemp("cases")
    wanted = cases()
    (folder / "cases.json").write_text(json.dumps(wanted))
    (folder / "main.tf").write_text(
        'module "contract" {\n'
        f"  source   = {json.dumps(str(tree / 'modules' / 'contract'))}\n"
        '  for_each = { for index, case in jsondecode(file("cases.json")) : index => case }\n'
        "  context  = each.value\n"
        "  git = {\n"
        '    host = "github.com"\n    owner = "example-org"\n    repository = "lane-detection"\n'
        '    owner_id = each.key % 2 == 0 ? "4711" : ""\n    repository_id = "815"\n  }\n'
        "}\n"
        'output "made" {\n  value = module.contract\n}\n'
    )
    terraform.checked(folder, "init", "-no-color")
    terraform.checked(folder, "apply", "-auto-approve", "-no-color")
    made = json.loads(terraform.checked(folder, "output", "-json", "made"))
    return [(case, made[str(index)]) for index, case in enumerate(wanted)]


def test_names_are_cut_as_gleis_cuts_them(answers: Any) -> None:
    cut = 0
    for case, made in answers:
        owner = (case["team"], case["project"], case["environment"])
        parts = {"owner": owner, "global": (case["organisation"], *owner)}
        fitted = FITTED | {"cluster": ("owner", CLUSTER[case["cloud"]])}
        for name, (which, limit) in fitted.items():
            assert made["names"][name] == names.fit(*parts[which], limit=limit), (name, case)
            cut += made["names"][name] != "-".join(parts[which])
        assert made["names"]["base"] == names.namespace(*owner)
    assert cut > CASES  # the cases are long enough to say something


def test_names_of_azure_are_letters_and_digits_and_never_run_into_each_other(answers: Any) -> None:
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for case, made in answers:
        key = tuple(case[part] for part in ("organisation", "team", "project", "environment"))
        for name, limit in BARE.items():
            found = made["names"][name]
            assert re.fullmatch(r"[a-z0-9]+", found)
            assert len(found) <= limit
            assert seen.setdefault((name, found), key) == key


def test_labels_of_google_are_what_google_takes(answers: Any) -> None:
    keys = None
    for case, made in answers:
        keys = keys or set(made["tags"])
        assert set(made["tags"]) == keys
        if case["cloud"] == "gcp":
            assert all(LABEL.fullmatch(value) for value in made["tags"].values()), made["tags"]
        else:
            assert made["tags"]["cost-center"] == case["cost_center"]
            assert made["tags"]["repo"] == case["repo"]
    assert keys == {
        "cost-center", "team", "project", "environment", "data-class", "managed-by", "repo",
        "template-version",
    }  # fmt: skip


def test_two_long_values_do_not_become_one_label(answers: Any) -> None:
    repos: dict[str, str] = {}
    for case, made in answers:
        if case["cloud"] == "gcp":
            assert (
                repos.setdefault(made["tags"]["repo"], case["repo"].lower()) == case["repo"].lower()
            )


def test_subjects_are_exact_and_in_both_forms_where_the_numbers_are_known(answers: Any) -> None:
    for index, (case, made) in enumerate(answers):
        forms = ["repo:example-org/lane-detection"]
        if index % 2 == 0:
            forms.append("repo:example-org@4711/lane-detection@815")
        assert made["subjects"] == {
            "build": [f"{form}:ref:refs/heads/main" for form in forms],
            "deploy": [f"{form}:environment:{case['environment']}" for form in forms],
            "read": [f"{form}:pull_request" for form in forms],
        }
        assert "*" not in json.dumps(made["subjects"])


def test_the_module_needs_no_provider() -> None:
    text = "".join(path.read_text() for path in (TERRAFORM / "modules/contract").glob("*.tf"))
    assert "required_providers" not in text
    assert not re.search(r"^(resource|data) ", text, re.M)
