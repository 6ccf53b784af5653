"""Mistakes are planted in a copy of terraform/; the guard that faults.yaml names must catch each.

A mistake that no guard catches is a gap in the guards.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gleis.infra import interface

from . import test_house, test_modules, trust
from .rig import Module, Terraform, copy, find
from .rig.checkov import Scan, scan
from .rig.green import Kept
from .rig.summary import Record, planted
from .test_parity import judged

_FAULTS = Path(__file__).with_name("faults.yaml")
_CODE = Path(__file__).read_text()
_BLOCK = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.M | re.S)


@dataclass(frozen=True)
class Fault:
    """A change of one file, and the guard that has to catch it."""

    name: str
    file: str
    old: str | None
    new: str
    guard: Mapping[str, str]

    @property
    def kind(self) -> str:
        return next(iter(self.guard))

    @property
    def by(self) -> str:
        return self.guard[self.kind]

    @property
    def module(self) -> Module:
        return Module(Path(self.file).parent.as_posix())

    def plant(self, tree: Path) -> None:
        """Make the change in a copy of terraform/. Fails when the place is gone."""
        path = tree / self.file
        text = path.read_text()
        if self.old is None:
            path.write_text(text + self.new)
            return
        assert text.count(self.old) == 1, (
            f"{self.name}: {text.count(self.old)} times in {self.file}, not once:\n{self.old}"
        )
        path.write_text(text.replace(self.old, self.new))


FAULTS = [
    Fault(each["name"], each["file"], each.get("old"), each["new"], each["guard"])
    for each in yaml.safe_load(_FAULTS.read_text())["faults"]
]


def of(*kinds: str) -> pytest.MarkDecorator:
    found = [fault for fault in FAULTS if fault.kind in kinds]
    return pytest.mark.parametrize("fault", found, ids=lambda fault: fault.name.replace(" ", "_"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform with a provider that knows its schema only: the mocks' assertions judge here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLEIS_TF_SCHEMA_ONLY", "1")
        return find(tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """All mistakes for Checkov at once: each is about a resource of its own."""
    whole = copy(tmp_path_factory.mktemp("checkov"))
    faults = [fault for fault in FAULTS if fault.kind == "checkov"]
    tree = whole.with_name("faulty")
    for module in {fault.module.name for fault in faults} | {"modules/contract"}:
        shutil.copytree(whole / module, tree / module)
    for fault in faults:
        fault.plant(tree)
    return scan(tree, sorted({fault.by for fault in faults}))


def test_there_are_25_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 25
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert {fault.kind for fault in FAULTS} == {
        "run",
        "trust",
        "pods",
        "checkov",
        "rule",
        "house",
        "parity",
    }


@of("run")
def test_a_mocked_test_catches_it(
    fault: Fault, quick: Terraform, tmp_path: Path, record_property: Record
) -> None:
    tree = copy(tmp_path)
    fault.plant(tree)
    kept = Kept("faults", _CODE, fault.module.digest(), repr(fault), quick.version)
    if kept.read() is None:
        said = objections(tree, fault.module, {fault.by}, quick)
        assert said, f"{fault.by} holds in spite of {fault.name}"
        kept.keep("caught")
    planted(record_property, fault.name, f"{fault.module.name}: {fault.by}")


RUNS = sorted({fault.module for fault in FAULTS if fault.kind == "run"})


@pytest.mark.parametrize("module", RUNS, ids=lambda module: module.name)
def test_the_runs_hold_without_a_fault(module: Module, quick: Terraform, tmp_path: Path) -> None:
    runs = {fault.by for fault in FAULTS if fault.kind == "run" and fault.module == module}
    kept = Kept("faults", _CODE, module.digest(), *sorted(runs), quick.version)
    if kept.read() is None:
        assert objections(copy(tmp_path), module, runs, quick) == []
        kept.keep("holds")


def objections(tree: Path, module: Module, runs: Set[str], terraform: Terraform) -> list[str]:
    """What these runs of a module have to say: their assertions, not Terraform, find mistakes."""
    folder = tree / module.name
    found = set()
    for path in folder.glob("tests/*.tftest.hcl"):
        text = path.read_text()
        found |= {each[1] for each in _BLOCK.finditer(text)} & runs
        path.write_text(_BLOCK.sub(lambda each: each[0] * (each[1] in runs), text))
    assert found == runs, f"{module.name} has no run {runs - found}"
    terraform.init(folder)
    done = terraform(folder, "test", "-json", "-no-color")
    said = [
        event["diagnostic"]
        for event in map(json.loads, done.stdout.splitlines())
        if event["type"] == "diagnostic" and event["diagnostic"]["severity"] == "error"
    ]
    for each in said:
        where = each.get("range", {}).get("filename", "")
        assert where.endswith(".tftest.hcl"), f"no valid Terraform: {each['summary']} in {where}"
    assert said or done.returncode == 0, done.stdout + done.stderr
    return [f"{each['summary']}: {each.get('detail', '')}" for each in said]


@of("trust", "pods")
def test_the_table_of_tokens_catches_it(
    fault: Fault, quick: Terraform, tmp_path: Path, record_property: Record
) -> None:
    tree = copy(tmp_path)
    fault.plant(tree)

    found = trust.policies(quick, tree)[fault.by]

    if fault.kind == "trust":
        (world,) = (world for world in trust.worlds(trust.AUDIENCE) if world.name == fault.by)
        assert any(trust.red(world, found))
    else:
        assert any(trust.red_pods(found["workload"]))
    planted(record_property, fault.name, f"trust.yaml: {fault.kind} of {fault.by}")


@of("checkov")
def test_checkov_catches_it(fault: Fault, scanned: Scan, record_property: Record) -> None:
    assert (fault.by, fault.file) in {(each.check, each.file) for each in scanned.failed}
    planted(record_property, fault.name, f"Checkov: {fault.by}")


@of("rule")
def test_a_rule_of_the_house_catches_it(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    monkeypatch.setattr(test_modules, "TERRAFORM", copy(tmp_path))
    rule = getattr(test_modules, fault.by)
    rule()
    fault.plant(test_modules.TERRAFORM)

    with pytest.raises(AssertionError):
        rule()
    planted(record_property, fault.name, f"rule: {fault.by}")


@of("house")
def test_a_rule_for_interfaces_catches_it(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    monkeypatch.setattr(test_house, "TERRAFORM", copy(tmp_path))
    rule = getattr(test_house, fault.by)
    rule(interface.read(test_house.TERRAFORM, fault.module.name))
    fault.plant(test_house.TERRAFORM)

    with pytest.raises(AssertionError):
        rule(interface.read(test_house.TERRAFORM, fault.module.name))
    planted(record_property, fault.name, f"house: {fault.by}")


@of("parity")
def test_the_comparison_of_clouds_catches_it(
    fault: Fault, tmp_path: Path, record_property: Record
) -> None:
    tree = copy(tmp_path)
    assert judged(tree.parent) == []
    fault.plant(tree)

    said = judged(tree.parent)
    assert any(each.startswith(fault.by) for each in said), said
    planted(record_property, fault.name, f"parity: {fault.by}")
