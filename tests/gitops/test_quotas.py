"""How quotas share clusters: every unit is placed, and no place gives out more than it has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from gleis.contract import platform as platforms
from gleis.contract.platform import Capacity, Cluster, Platform, Quota, Team
from gleis.gitops import queues, quotas
from gleis.gitops.errors import GitopsError

PLATFORM = platforms.load()


def organisation(quotas_: list[Quota], clusters: list[Capacity]) -> Platform:
    """Teams with these quotas in one environment with these clusters."""
    return replace(
        PLATFORM,
        teams=tuple(
            Team(f"team-{number}", "team@example.com", "CC-0000", quota)
            for number, quota in enumerate(quotas_)
        ),
        clusters=tuple(
            Cluster(f"c{number}", "aws", "dev", gpu_types=tuple(each.gpu), capacity=each)
            for number, each in enumerate(clusters)
        ),
    )


_QUOTAS = st.lists(st.builds(Quota, st.integers(0, 60), st.integers(0, 12)), min_size=1, max_size=6)
_GPUS = st.dictionaries(st.sampled_from(["t4", "l4", "a100"]), st.integers(1, 24))
_CLUSTERS = st.lists(st.builds(Capacity, st.integers(1, 200), _GPUS), min_size=1, max_size=3)


@given(_QUOTAS, _CLUSTERS)
def test_every_unit_of_a_quota_is_placed_and_no_place_is_given_out_twice(
    asked: list[Quota], clusters: list[Capacity]
) -> None:
    platform = organisation(asked, clusters)
    assume(not quotas.objections(platform))

    shares = quotas.shares(platform, "dev")

    for team in platform.teams:
        mine = {key: share for key, share in shares.items() if key[0] == team.name}
        cores = sum(share.nominal for key, share in mine.items() if key[2] == quotas.CPU)
        cards = sum(share.nominal for key, share in mine.items() if key[2] != quotas.CPU)
        assert (cores, cards) == (team.quota.cpu, team.quota.gpu)
        for key, share in mine.items():
            limit = team.quota.cpu if key[2] == quotas.CPU else team.quota.gpu
            assert 0 <= share.nominal <= share.most <= limit
    for place in quotas.places(platform, "dev"):
        given_out = sum(
            shares[team.name, place.cluster, place.flavor].nominal for team in platform.teams
        )
        assert given_out <= place.capacity


def test_a_share_is_in_proportion_to_what_a_cluster_holds() -> None:
    platform = organisation([Quota(64, 4)], [Capacity(256, {"t4": 12}), Capacity(64, {"a100": 4})])

    shares = quotas.shares(platform, "dev")

    assert {key[1:]: share.nominal for key, share in shares.items()} == {
        ("c0", "cpu"): 51,
        ("c1", "cpu"): 13,
        ("c0", "t4"): 3,
        ("c1", "a100"): 1,
    }
    assert shares["team-0", "c1", "cpu"].most == 64
    assert shares["team-0", "c1", "a100"].most == 4


def test_quotas_over_the_capacity_are_refused_with_both_numbers() -> None:
    teams = tuple(
        replace(team, quota=Quota(team.quota.cpu, 30)) if team.name == "vision" else team
        for team in PLATFORM.teams
    )
    with pytest.raises(GitopsError) as caught:
        queues.render(replace(PLATFORM, teams=teams))

    lines = str(caught.value).splitlines()
    assert len(lines) == 2  # dev and staging have 24, prod has 40
    assert "quotas add up to 38 GPU, and the clusters of dev hold 24" in lines[0]


def test_nothing_is_said_of_an_environment_whose_capacity_is_not_known() -> None:
    clusters = tuple(replace(each, capacity=None) for each in PLATFORM.clusters)
    platform = replace(PLATFORM, clusters=clusters)
    assert quotas.objections(platform) == []
    assert queues.render(platform) == {}


def test_a_changed_quota_changes_the_queue_of_its_team_alone() -> None:
    teams = tuple(
        replace(team, quota=Quota(72, team.quota.gpu)) if team.name == "drivetrain" else team
        for team in PLATFORM.teams
    )
    before, after = (
        {
            (file, each["kind"], each["metadata"]["name"]): each
            for file, text in queues.render(platform).items()
            for each in yaml.safe_load_all(text)
        }
        for platform in (PLATFORM, replace(PLATFORM, teams=teams))
    )
    changed = {key for key in before if before[key] != after[key]}
    assert before.keys() == after.keys()
    assert {key[1:] for key in changed} == {("ClusterQueue", "drivetrain")}
    assert len(changed) == len(PLATFORM.clusters)


def queue(cluster: str, team: str) -> dict[str, Any]:
    for each in yaml.safe_load_all(queues.render(PLATFORM)[f"{queues.FOLDER}/{cluster}.yaml"]):
        if each["kind"] == "ClusterQueue" and each["metadata"]["name"] == team:
            return dict(each["spec"])
    raise AssertionError(f"no queue of {team} in {cluster}")


def test_a_queue_lends_and_borrows_within_the_quota_and_admits_its_team_alone() -> None:
    spec = queue("ml-dev", "vision")

    (cores, cards) = spec["resourceGroups"]
    assert cores["coveredResources"] == ["cpu"]
    (flavor,) = cards["flavors"]
    assert flavor["name"] == "t4"
    (gpu,) = flavor["resources"]
    assert gpu["nominalQuota"] == 16
    assert gpu["borrowingLimit"] == 0  # its whole quota already: there is no other place in dev
    (cpu,) = cores["flavors"][0]["resources"]
    assert cpu["nominalQuota"] + cpu["borrowingLimit"] == 128
    assert spec["namespaceSelector"] == {"matchLabels": {"gleis.dev/team": "vision"}}
    assert spec["preemption"]["reclaimWithinCohort"] == "Any"


def test_a_flavor_has_a_topology_only_where_machines_stay() -> None:
    kinds = {
        name: [each["kind"] for each in yaml.safe_load_all(text)]
        for name, text in queues.render(PLATFORM).items()
    }
    assert [name for name, found in kinds.items() if "Topology" in found] == [
        f"{queues.FOLDER}/plant-prod.yaml"
    ]
