"""Faults planted into a good state: each is refused, and by the rule that is there for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.gitops.preview.finding import RULES

from .conftest import Place

FAULTS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text())
SHORT = {
    "D": "argocd/tenants/drivetrain/model-00000",
    "V": "argocd/tenants/vision/model-00001",
    "C": "argocd/charts",
    "A": "argocd/applicationsets",
}
NEEDS_CUSTOM = "a field of a custom resource that is misspelt"


def full(name: str) -> str:
    first, slash, rest = name.partition("/")
    return f"{SHORT[first]}{slash}{rest}" if first in SHORT else name


def plant(place: Place, fault: dict[str, Any]) -> None:
    base = place.state if place.state and full(fault["file"]).startswith("argocd/tenants") else None
    root = base or place.root
    path = root / full(fault["file"])
    if "copy" in fault:
        shutil.copytree(root / full(fault["copy"][0]), root / fault["copy"][1])
    if "edit" in fault:
        place.edit(full(fault["file"]), *fault["edit"])
        return
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if "write" in fault:
        path.write_text(fault["write"])
    elif "deep" in fault:
        path.write_text("[" * fault["deep"] + "]" * fault["deep"])
    elif "link" in fault:
        path.symlink_to(fault["link"])
    else:
        assert fault["remove"]


def test_the_good_state_is_clean(good: Place, custom_schemas: Path) -> None:
    found = good.look()
    assert not found.findings
    assert (found.tenants, found.objects > 200, found.elsewhere) == (3, True, ())


def test_there_are_at_least_forty_faults_and_each_has_a_name_of_its_own() -> None:
    assert len({fault["name"] for fault in FAULTS}) == len(FAULTS) >= 40


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["name"]))
def test_it_is_refused_by_name(
    place: Place,
    fault: dict[str, Any],
    record_property: Any,
    request: pytest.FixtureRequest,
) -> None:
    if fault["name"] == NEEDS_CUSTOM:
        request.getfixturevalue("custom_schemas")
    plant(place, fault)
    found = place.look()
    assert found.exit_code() == 1
    assert fault["rule"] in {each.rule.partition("/")[2] for each in found.findings if each.fails}
    record_property("planted fault", (fault["name"], f"GITOPS/{fault['rule']}"))


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if each["file"][0] in "DV"][:12], ids=lambda f: str(f["name"])
)
def test_it_is_refused_alike_with_the_state_in_a_repository_of_its_own(
    apart: Place, fault: dict[str, Any]
) -> None:
    plant(apart, fault)
    assert fault["rule"] in apart.rules()


def test_every_rule_that_can_fail_has_a_fault(request: pytest.FixtureRequest) -> None:
    wanted = {name for name in RULES if name != "unvalidated"}
    assert wanted == {fault["rule"] for fault in FAULTS}
