"""Estimates: what is known is right to the cent, and what is not known is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis import resources
from gleis.cli import main
from gleis.contract.problem import ContractError
from gleis.infra import clouds, cost, prices
from gleis.infra.errors import InfraError
from gleis.infra.estimate import NOBODY, Budget, Estimate, Span, money
from gleis.infra.plan import Plan

from .conftest import FIXTURES, plan_json
from .test_plan import plan_of, resource

TABLE = prices.Table(
    cloud="aws",
    regions={
        "any": {"key-month": {"key": 1.0}},
        "us-east-1": {
            "instance-hour": {"m7i.large": 0.1, "m7i.xlarge": 0.2},
            "disk-gb-month": {"gp3": 0.08, "gp2": 0.1, "io2": 0.125},
            "disk-iops-month": {"gp3": 0.005},
            "search-hour": {"r7g.large.search": 0.2},
            "search-gb-month": {"gp3": 0.1},
        },
    },
    assumptions={"hours": 730, "spotFactor": 0.5},
    free=("aws_iam_*", "aws_vpc"),
    read="2026-11-25",
)
KNOWN = cost.Prices({"aws": TABLE}, {"aws": "us-east-1"})
TAGS = {"project": "defects", "team": "vision", "cost-center": "CC-4720"}


def created(kind: str, /, **after: Any) -> dict[str, Any]:
    return resource(kind, ("create",), before=None, after={"tags": TAGS, **after})


def estimated(*changes: dict[str, Any], known: cost.Prices = KNOWN) -> Estimate:
    return cost.estimate(plan_of(*changes), known)


def test_pools_of_real_modules_cost_from_their_least_to_their_most_nodes() -> None:
    items = {each.address: each for each in _pools().items}
    node = 0.752 * 730 + 300 * 0.08 + (6000 - 3000) * 0.005  # us-east-1, terraform/prices/aws.yaml
    spot = 0.752 * 730 * 0.5 + 300 * 0.08 + (6000 - 3000) * 0.005
    on_demand = items['module.pool["ondemand"].aws_eks_node_group.this'].after
    assert (on_demand.low, on_demand.high) == pytest.approx((node, 2 * node))
    on_spot = items['module.pool["spot"].aws_eks_node_group.this'].after
    assert (on_spot.low, on_spot.high) == pytest.approx((0, 2 * spot))


def test_the_planned_budget_is_compared_with_what_its_project_costs() -> None:
    estimate = _pools()
    (budget,) = estimate.budgets
    assert (budget.scope, budget.name, budget.limit) == ("project", "defects", 500)
    assert budget.planned == estimate.by("project")["defects"]
    assert budget.verdict == "over"


def test_every_resource_is_priced_or_free_or_counted() -> None:
    estimate = _pools()
    plan = Plan.read(plan_json("gpu-pools"))
    table = prices.load("aws")
    assert table is not None
    free = [each for each in plan.changes if table.is_free(each.type)]
    counted = len(estimate.items) + sum(estimate.unpriced.values()) + len(free)
    assert counted == len(plan.changes)
    assert estimate.unpriced == {"aws_lambda_function": 1, "aws_sns_topic": 1}


def _pools() -> Estimate:
    return cost.estimate(Plan.read(plan_json("gpu-pools")), cost.Prices.load())


def test_who_pays_is_read_from_the_tags() -> None:
    untagged = resource("aws_kms_key", ("create",), before=None, after={})
    estimate = estimated(created("aws_kms_key"), untagged)
    assert estimate.by("team") == {NOBODY: Span(1, 1), "vision": Span(1, 1)}
    assert estimate.after == Span(2, 2)


def test_labels_of_google_are_tags() -> None:
    from gleis.infra import tags

    change = plan_of(
        resource("google_storage_bucket", ("create",), after={"labels": {"team": "vision"}})
    ).changes[0]
    assert tags.of(change) == {"team": "vision"}


def test_an_update_costs_the_difference_and_a_deletion_saves_it() -> None:
    bigger = resource(
        "aws_instance",
        before={"instance_type": "m7i.large"},
        after={"instance_type": "m7i.xlarge"},
    )
    gone = resource("aws_kms_key", ("delete",), before={"tags": TAGS}, after=None)
    estimate = estimated(bigger, gone)
    assert estimate.delta.low == pytest.approx(730 * 0.1 - 1)
    assert estimate.by("team")["vision"] == Span(0, 0)


def test_what_has_no_price_is_counted_by_type_and_never_as_nothing() -> None:
    estimate = estimated(
        created("aws_lambda_function"),
        created("aws_lambda_function"),
        created("google_compute_instance"),
        created("aws_instance", instance_type="x9.huge"),
        created("aws_instance", instance_type="m7i.large", availability_zone="eu-west-1a"),
    )
    assert estimate.items == ()
    assert estimate.unpriced == {
        "aws_instance (m7i.large in eu-west-1)": 1,
        "aws_instance (x9.huge in us-east-1)": 1,
        "aws_lambda_function": 2,
        "google_compute_instance": 1,
    }


def test_what_is_free_is_neither_priced_nor_missing() -> None:
    estimate = estimated(created("aws_vpc"), created("aws_iam_role_policy"))
    assert (estimate.items, estimate.unpriced) == ((), {})


@pytest.mark.parametrize(
    ("values", "region"),
    [
        ({"region": "eu-central-1"}, "eu-central-1"),
        ({"availability_zone": "eu-central-1b"}, "eu-central-1"),
        ({"arn": "arn:aws:kms:eu-central-1:111111111111:key/x"}, "eu-central-1"),
        ({"arn": "arn:aws:s3:::bucket"}, ""),
        ({"arn": None}, ""),
    ],
)
def test_the_region_is_what_the_resource_says(values: dict[str, Any], region: str) -> None:
    assert clouds.module("aws").region(values) == region


def test_the_region_of_the_provider_counts_where_the_resource_says_none() -> None:
    plan = plan_of(
        created("aws_instance", instance_type="m7i.large"),
        variables={"where": {"value": "eu-west-3"}},
        configuration={
            "provider_config": {
                "aws": {
                    "full_name": "registry.terraform.io/hashicorp/aws",
                    "expressions": {"region": {"references": ["var.where"]}},
                }
            }
        },
    )
    assert cost.estimate(plan, KNOWN).unpriced == {"aws_instance (m7i.large in eu-west-3)": 1}


def test_reserved_capacity_and_unknown_sizes_have_no_price() -> None:
    size = {"scaling_config": [{"min_size": 1, "max_size": 2}], "instance_types": ["m7i.large"]}
    estimate = estimated(
        created("aws_eks_node_group", capacity_type="CAPACITY_BLOCK", **size),
        created("aws_eks_node_group", instance_types=["m7i.large"]),
        created("aws_eks_node_group", scaling_config=size["scaling_config"]),
        created("aws_ebs_volume", type="io2", size=10, iops=1000),
    )
    assert estimate.items == ()
    assert sum(estimate.unpriced.values()) == 4


def test_a_pool_of_several_types_costs_from_the_cheapest_to_the_dearest() -> None:
    pool = created(
        "aws_eks_node_group",
        instance_types=["m7i.large", "m7i.xlarge"],
        scaling_config=[{"min_size": 1, "max_size": 3}],
        disk_size=100,
    )
    (item,) = estimated(pool).items
    assert item.after.low == pytest.approx(730 * 0.1 + 8)
    assert item.after.high == pytest.approx(3 * (730 * 0.2 + 8))


def test_a_search_domain_costs_its_nodes_leaders_and_disks() -> None:
    domain = created(
        "aws_opensearch_domain",
        cluster_config=[
            {
                "instance_type": "r7g.large.search",
                "instance_count": 3,
                "dedicated_master_enabled": True,
                "dedicated_master_count": 3,
                "dedicated_master_type": "r7g.large.search",
            }
        ],
        ebs_options=[{"ebs_enabled": True, "volume_type": "gp3", "volume_size": 100}],
    )
    (item,) = estimated(domain).items
    assert item.after.low == pytest.approx(6 * 730 * 0.2 + 3 * 100 * 0.1)


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(1, 2, "within"), (1, 6, "may be over"), (6, 7, "over")]
)
def test_a_budget_is_over_when_even_a_quiet_month_breaks_it(
    low: float, high: float, verdict: str
) -> None:
    assert Budget("team", "vision", 5, Span(low, high)).verdict == verdict


@pytest.mark.parametrize("given", ["vision=1", "team:=1", "team:vision", "owner:x=1", "team:x=-1"])
def test_a_budget_that_cannot_be_read_is_refused(given: str) -> None:
    with pytest.raises(InfraError, match="SCOPE:NAME=USD"):
        cost.Limit.parse(given)


def test_no_minus_stands_before_nothing() -> None:
    assert money(-0.001) == "$0.00"
    assert money(-2) == "-$2.00"
    assert money(1234.5, signed=True) == "+$1,234.50"


def test_the_command_leaves_with_1_when_a_budget_does_not_suffice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = str(FIXTURES / "gpu-pools.json")
    assert main(["infra", "cost", "--plan", plan]) == 1
    said = capsys.readouterr().out
    assert "budget of project defects: $500.00, over" in said
    assert "not priced, in no sum: 1 × aws_lambda_function, 1 × aws_sns_topic" in said


def test_every_price_of_the_tables_has_a_source_with_an_address_and_a_day() -> None:
    paths = sorted(resources.path(prices.FOLDER).glob("*.yaml"))
    assert paths
    for path in paths:
        assert prices.load(path.stem) is not None  # the schema and the sources are checked
        data = yaml.safe_load(path.read_text())
        used = {each["source"] for groups in data["regions"].values() for each in groups.values()}
        assert used == set(data["sources"]), f"{path.name} names a source that nothing comes from"


def test_every_group_that_is_asked_for_is_in_the_table_or_known_to_be_missing() -> None:
    source = Path(clouds.__file__).with_name("aws.py").read_text()
    table = prices.load("aws")
    assert table is not None
    groups = {group for found in table.regions.values() for group in found}
    missing = {"alarm-month", "search-hour", "search-gb-month"}  # no source was found for them
    assert all(f'"{group}"' in source for group in groups | missing)
    assert not groups & missing


def test_a_price_without_a_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = yaml.safe_load((resources.path(prices.FOLDER) / "aws.yaml").read_text())
    del data["sources"]["kms"]
    (tmp_path / "aws.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    real = resources.path
    monkeypatch.setattr(
        resources, "path", lambda name: tmp_path if name == prices.FOLDER else real(name)
    )
    with pytest.raises(ContractError, match="kms"):
        prices.load("aws")
