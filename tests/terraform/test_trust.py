"""Who gets which role: every row of trust.yaml, under the policies that Terraform computes.

And the other way round: whatever is loosened in one of these policies, some row turns red.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from . import iam, trust
from .mutants import mutants
from .rig import Terraform, copy

WORLDS = trust.worlds(trust.AUDIENCE)
BY_NAME = {world.name: world for world in WORLDS}
# No token can show these: the conditions name the issuer, so a token of another one fails them, and
# no other action takes a token. They are refused for what they look like instead.
ONLY_SEEN = ("everybody beside the provider", "everybody for the provider", "any action of sts")


@pytest.fixture(scope="module")
def policies(
    terraform: Terraform, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, trust.Policies]:
    return trust.policies(terraform, copy(tmp_path_factory.mktemp("trust")))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_every_token_gets_the_roles_that_its_row_says(
    world: trust.World, policies: Mapping[str, trust.Policies]
) -> None:
    assert list(trust.red(world, policies[world.name])) == []
    assert not [said for role in trust.ROLES for said in trust.loose(policies[world.name][role])]


def test_only_the_pods_of_the_project_get_its_role(
    policies: Mapping[str, trust.Policies],
) -> None:
    for world in policies.values():
        assert list(trust.red_pods(world["workload"])) == []


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_table_says_enough(world: trust.World) -> None:
    assert {role for row in world.rows for role in row.gets} == set(trust.ROLES)
    refused = [row for row in world.rows if not row.gets]
    assert len(refused) > len(world.rows) / 3
    assert all(row.by for row in refused), "a refused token says by which claim it is told apart"
    assert all(row.why for row in world.rows)


def test_whatever_is_loosened_turns_a_row_red(policies: Mapping[str, trust.Policies]) -> None:
    made, survivors = 0, []
    world = BY_NAME["guarded"]
    right = policies[world.name]
    for role in trust.ROLES:
        for name, mutant in mutants(right[role]):
            made += 1
            seen = any(trust.red(world, {**right, role: mutant}))
            if name.endswith(ONLY_SEEN):
                assert not seen, f"{role}: {name} is told apart by a token: no need to look at it"
                seen = any(trust.loose(mutant))
            if not seen:
                survivors.append(f"{role}: {name}")

    assert not survivors, "\n".join(survivors)
    assert made > 250


def test_swapped_roles_turn_a_row_red(policies: Mapping[str, trust.Policies]) -> None:
    for world in WORLDS:
        right = policies[world.name]
        for one, other in (("build", "deploy"), ("deploy", "read"), ("read", "build")):
            swapped = {**right, one: right[other], other: right[one]}
            assert any(trust.red(world, swapped)), (world.name, one, other)


def test_whatever_is_loosened_for_pods_lets_another_pod_in(
    policies: Mapping[str, trust.Policies],
) -> None:
    policy = policies["guarded"]["workload"]
    made = list(mutants(policy))
    survivors = [name for name, mutant in made if not any(trust.red_pods(mutant))]
    assert not survivors, "\n".join(survivors)
    assert len(made) > 20


def test_a_token_of_another_account_is_refused(policies: Mapping[str, trust.Policies]) -> None:
    for row in BY_NAME["guarded"].rows:
        request = iam.web_identity(row.claims, "999999999999")
        assert not any(iam.allows(policies["guarded"][role], request) for role in trust.ROLES)
