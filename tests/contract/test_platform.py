"""platform.yaml: the default one is valid; names that decide where things go stand once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.contract import ContractError, platform
from gleis.contract.platform import Platform

DEFAULT = Path(__file__).parent.parent.parent / "platform.yaml"


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = DEFAULT.read_text()
    assert old in text
    path = tmp_path / "platform.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_the_default_platform_is_valid(organisation: Platform) -> None:
    team = organisation.team("drivetrain")
    assert team is not None
    assert team.cost_center == "CC-4711"
    assert organisation.team("nobody") is None


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("name: vision", "name: drivetrain", "platform/unique-names"),
        ("name: ml-staging", "name: ml-dev", "platform/unique-names"),
        ("quota: {cpu: 64, gpu: 4}", "quota: {cpu: 64, gpus: 4}", "schema/unknown-key"),
        ("digest: sha256:78", "digest: sha256:zz", "schema/pattern"),
        ("source: git", "source: svn", "schema/not-allowed"),
        ("costCenter: CC-4720", "costCenter: 4720", "schema/type"),
        ("kind: Platform\n", "", "schema/missing-key"),
    ],
)
def test_a_broken_platform_is_refused(tmp_path: Path, old: str, new: str, rule: str) -> None:
    with pytest.raises(ContractError) as caught:
        platform.load(edited(tmp_path, old, new))
    assert rule in {problem.rule for problem in caught.value.problems}


def test_the_platform_in_force_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = edited(tmp_path, "name: Example Motors", "name: Other")
    monkeypatch.setenv("GLEIS_PLATFORM", str(path))
    assert platform.load().organisation.name == "Other"
