"""platform.yaml: the default one is valid; names that decide where things go stand once."""

from __future__ import annotations

import re
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


STATES = """\
infra:
  organisation: example
  states:
    aws:
      dev: {bucket: example-state, region: eu-central-1}
    azure:
      prod: {resource_group_name: ml, storage_account_name: mlstate, container_name: states}
    gcp:
      staging: {bucket: example-state}
"""


def with_states(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert old in STATES
    changed = STATES.replace(old, new, 1) if old else STATES
    return edited(tmp_path, "\ndistribution:\n", f"\n{changed}\ndistribution:\n")


def test_where_states_lie_is_said_by_cloud_and_environment(tmp_path: Path) -> None:
    infra = platform.load(with_states(tmp_path)).infra
    assert infra is not None
    assert infra.organisation == "example"
    assert infra.states["aws"]["dev"] == {"bucket": "example-state", "region": "eu-central-1"}
    assert set(infra.states["azure"]["prod"]) == {
        "resource_group_name",
        "storage_account_name",
        "container_name",
    }


def test_the_example_of_the_default_platform_is_valid_when_it_is_no_comment_any_more(
    tmp_path: Path,
) -> None:
    (commented,) = re.findall(r"(?:^# .*\n)*^# infra:\n(?:^#  .*\n)+", DEFAULT.read_text(), re.M)
    lines = commented[commented.index("# infra:") :].splitlines()
    example = "".join(line.removeprefix("# ") + "\n" for line in lines)
    infra = platform.load(edited(tmp_path, commented, example)).infra
    assert infra is not None
    assert "dev" in infra.states["aws"]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("organisation: example", "organisation: example-motors", "schema/pattern"),
        ("  organisation: example\n", "", "schema/missing-key"),
        ("    aws:", "    onprem:", "schema/unknown-key"),
        ("      dev:", "      local:", "schema/unknown-key"),
        (", region: eu-central-1", "", "schema/missing-key"),
        (", region", ", secret_key: x, region", "schema/unknown-key"),
        ("bucket: example-state", "bucket: s3://example-state", "schema/pattern"),
    ],
)
def test_a_state_that_cannot_be_found_or_a_key_to_it_is_refused(
    tmp_path: Path, old: str, new: str, rule: str
) -> None:
    with pytest.raises(ContractError) as caught:
        platform.load(with_states(tmp_path, old, new))
    assert rule in {problem.rule for problem in caught.value.problems}


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
        ("capacity: {cpu: 256, gpu: {t4: 24}}", "capacity: {cpu: 0}", "schema/range"),
        ("capacity: {cpu: 64}", "capacity: {cpu: 64, gpu: {t4: 1}}", "platform/capacity-gpu-types"),
        ("gpuTypes: [t4, a100]", "gpuTypes: [t4]", "platform/capacity-gpu-types"),
        (
            "gpuTypes: []\n    capacity",
            "kind: swarm\n    capacity",
            "platform/capacity-of-swarm",
        ),
        ("environment: staging\n", "environment: dev\n", "platform/one-cluster"),
        ("    quota: {cpu: 64", "    group: vision\n    quota: {cpu: 64", "platform/unique-groups"),
        ("    - argo-rollouts\n", "    - keda\n", "platform/addon-version"),
        ("    - opensearch\n", "", "platform/addon-needs"),
        ("    - kueue\n", "    - keuue\n", "schema/not-allowed"),
        ("versions: {}", "versions: {kueue: 0.19.2}", "schema/unknown-key"),
        ("versions: {}", "revisions: {prod: v0.5.0}", "platform/revision-of-state"),
        (", onprem: standard}", "}", "platform/storage-class"),
        ("  identity:", "  # identity:", "platform/identity"),
        ("domain: ml.example.com", "domain: ML", "schema/pattern"),
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


def test_an_addon_without_a_pin_is_on_with_the_version_that_the_organisation_says(
    tmp_path: Path,
) -> None:
    path = edited(tmp_path, "    - argo-rollouts\n", "    - argo-rollouts\n    - keda\n")
    path.write_text(path.read_text().replace("versions: {}", "versions: {keda: 1.2.3}"))

    said = platform.load(path).kubernetes

    assert said is not None
    assert said.versions == {"keda": "1.2.3"}
    assert "keda" in said.addons


def test_an_environment_can_stay_on_older_charts_when_the_state_has_its_own_repository(
    tmp_path: Path,
) -> None:
    path = edited(tmp_path, "repo: .", "repo: https://git.example.com/ml/state.git")
    path.write_text(path.read_text().replace("versions: {}", "revisions: {prod: v0.5.0}"))

    said = platform.load(path).kubernetes

    assert said is not None
    assert said.revisions == {"prod": "v0.5.0"}


def test_a_team_is_its_own_group_unless_it_says_another(tmp_path: Path) -> None:
    loaded = platform.load(
        edited(tmp_path, "    quota: {cpu: 64", "    group: ad-4711\n    quota: {cpu: 64")
    )
    assert [team.oidc_group for team in loaded.teams[:2]] == ["ad-4711", "vision"]


def test_an_organisation_without_clusters_of_kubernetes_says_nothing_of_them(
    tmp_path: Path,
) -> None:
    text = DEFAULT.read_text()
    start, end = text.index("kubernetes:\n"), text.index("# Where CI gets")
    path = tmp_path / "platform.yaml"
    path.write_text(text[:start] + text[end:])
    assert platform.load(path).kubernetes is None
