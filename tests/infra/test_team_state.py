"""The part of a team's state that is one project's: all of it, renamed, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleis.contract import platform
from gleis.contract.platform import Infra, Platform
from gleis.infra import team_state
from gleis.infra.errors import InfraError


@pytest.fixture
def organisation() -> Platform:
    return platform.load()


AWS = 'provider["registry.terraform.io/hashicorp/aws"]'


def resource(module: str, name: str = "this", mode: str = "managed", **one: Any) -> dict[str, Any]:
    return {
        "module": module,
        "mode": mode,
        "type": "aws_s3_bucket",
        "name": name,
        "provider": AWS,
        "instances": [{"schema_version": 0, "attributes": {"id": f"{module}/{name}"}, **one}],
    }


def state(*resources: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    return {
        "version": 4,
        "terraform_version": "1.11.0",
        "serial": 7,
        "lineage": "of-the-team",
        "outputs": {name: {"value": value} for name, value in outputs.items()},
        "resources": list(resources),
        "check_results": [{"object_kind": "resource", "config_addr": "terraform_data.records"}],
    }


def modules(found: dict[str, Any]) -> list[str]:
    return [each["module"] for each in found["resources"]]


def test_what_the_stack_made_for_the_project_is_what_its_own_code_makes() -> None:
    ours = resource('module.project["bearing-wear"].module.data')
    found = team_state.of_project(
        state(resource('module.project["bearing-wear"]'), ours), "bearing-wear"
    )
    assert modules(found) == ["module.project", "module.project.module.data"]
    assert found["resources"][1]["instances"] == ours["instances"]
    assert found["resources"][1]["provider"] == AWS


@pytest.mark.parametrize(
    "module",
    [
        'module.project["bearing-wear-two"]',
        'module.project["bearing"]',
        'module.project["lane"].module.project["bearing-wear"]',
        'module.team_budget["bearing-wear"]',
        "module.project",
        "module.team",
        "",
    ],
)
def test_what_only_looks_like_the_project_stays_out(module: str) -> None:
    assert modules(team_state.of_project(state(resource(module)), "bearing-wear")) == []


def test_a_resource_of_the_root_has_no_module_and_stays_out() -> None:
    root = {key: value for key, value in resource("").items() if key != "module"}
    assert modules(team_state.of_project(state(root), "bearing-wear")) == []


def test_dependencies_outside_of_the_project_are_forgotten() -> None:
    inside = "module.project.module.data.aws_kms_key.this"
    outside = ["terraform_data.records", "module.team.x.y", "module.projects.x.y"]
    one = resource('module.project["a-b"]', dependencies=[inside, *outside])
    (found,) = team_state.of_project(state(one), "a-b")["resources"]
    assert found["instances"][0]["dependencies"] == [inside]


def test_outputs_checks_and_what_was_only_read_stay_out() -> None:
    whole = state(resource('module.project["a-b"]', mode="data"), quota_left={"cpu": 1})
    found = team_state.of_project(whole, "a-b")
    assert (found["resources"], found["outputs"], found["check_results"]) == ([], {}, None)


def test_the_part_cannot_be_pushed_over_the_whole() -> None:
    found = team_state.of_project(state(), "a-b")
    assert found["lineage"] == team_state.LINEAGE != state()["lineage"]


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
PLACES = st.sampled_from(["", ".module.data", ".module.ci_identity", '.module.x["project"]'])


@given(
    names=st.lists(NAMES, min_size=2, max_size=6, unique=True),
    placed=st.lists(st.tuples(st.integers(0, 5), PLACES), max_size=12),
    tails=st.lists(st.text(max_size=6), max_size=3),
)
def test_nothing_of_another_project_ever_passes(
    names: list[str], placed: list[tuple[int, str]], tails: list[str]
) -> None:
    """Whatever the names: each resource carries its owner's mark, and only one's own are kept."""

    def made(owner: str, place: str) -> dict[str, Any]:
        marked = resource(f"module.project[{json.dumps(owner)}]{place}")
        marked["instances"][0]["attributes"] = {"owner": owner}
        return marked

    mine = names[0]
    owners = [*names, *(mine + tail for tail in tails if tail)]
    resources = [made(owners[index % len(owners)], place) for index, place in placed]
    whole = state(*resources, inputs={name: {"owner": name} for name in owners})

    found = team_state.of_project(whole, mine)

    kept = [one["attributes"]["owner"] for each in found["resources"] for one in each["instances"]]
    assert set(kept) <= {mine}
    assert len(kept) == sum(owners[index % len(owners)] == mine for index, _ in placed)
    assert team_state.inputs_of(whole, mine) == {"owner": mine}


def test_what_the_module_was_given_is_told_and_where_it_is_not_nobody_guesses() -> None:
    whole = state(inputs={"a-b": {"monthly_budget": 500}, "c-d": {"monthly_budget": 9}})
    assert team_state.inputs_of(whole, "a-b") == {"monthly_budget": 500}
    assert team_state.inputs_of(whole, "e-f") is None
    assert team_state.inputs_of(state(), "a-b") is None
    assert team_state.inputs_of({}, "a-b") is None


def test_no_state_is_an_empty_one_and_another_shape_is_refused() -> None:
    assert team_state.read("") == {}
    assert team_state.read(json.dumps(state()))["serial"] == 7
    for text in ("{", '{"version": 3}', "[1]"):
        with pytest.raises(InfraError, match="the team's state is not"):
            team_state.read(text)


def test_a_state_lies_where_the_readme_of_the_stacks_says(organisation: Platform) -> None:
    infra = Infra(
        "acme",
        {
            "aws": {"dev": {"bucket": "b", "region": "eu-central-1"}},
            "azure": {"dev": {"container_name": "c"}},
            "gcp": {"dev": {"bucket": "g"}},
        },
    )
    known = replace(organisation, infra=infra)
    aws = team_state.backend(known, "aws", "dev", "vision")
    assert aws is not None
    assert aws.type == "s3"
    assert aws.settings["key"] == "dev/tenants/vision.tfstate"
    written = json.loads(aws.configuration())
    assert written["terraform"]["backend"]["s3"]["bucket"] == "b"
    azure = team_state.backend(known, "azure", "dev", "vision")
    gcp = team_state.backend(known, "gcp", "dev", "vision")
    assert azure is not None
    assert azure.settings["use_azuread_auth"] is True
    assert azure.settings["subscription_id"] == organisation.clouds["azure"].accounts["dev"]
    assert gcp is not None
    assert (gcp.type, gcp.settings["prefix"]) == ("gcs", "dev/tenants/vision")
    assert team_state.backend(known, "aws", "prod", "vision") is None
    assert team_state.backend(organisation, "aws", "dev", "vision") is None
