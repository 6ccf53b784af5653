"""What a reviewer reads of a plan."""

from __future__ import annotations

from gleis.infra.estimate import Estimate, Item, Span
from gleis.infra.plan import Plan
from gleis.infra.summary import code, markdown, plain, text

from .conftest import plan_json
from .test_plan import plan_of, resource


def test_what_is_lost_comes_first() -> None:
    plan = plan_of(
        resource("aws_iam_role", ("create",), before=None, after={"name": "x"}),
        resource("aws_s3_bucket", ("delete",), before={"bucket": "x"}, after=None),
    )
    shown = markdown(plan)
    assert (
        shown.index("cannot be made again") < shown.index("1 destroyed") < shown.index("1 created")
    )
    assert "objects and their versions" in shown
    assert "LOSES objects and their versions" in text(plan)


def test_many_resources_are_folded_and_few_are_not() -> None:
    few, many = plan_of(*[resource()] * 10), plan_of(*[resource()] * 11)
    assert "<details>" not in markdown(few).split("Mandatory")[0]
    assert "<summary>11 changed: 11 × aws\\_s3\\_bucket</summary>" in markdown(many)


def test_a_huge_plan_has_an_end() -> None:
    plan = plan_of(*[resource(before={"a": "x" * 5000}, after={"a": "y" * 5000})] * 5000)
    shown = markdown(plan)
    assert "and 4800 more" in shown
    assert len(shown) < 1_000_000


def test_an_empty_plan_says_so() -> None:
    assert markdown(plan_of(resource(actions=("no-op",)))).startswith(
        "### Terraform plan: nothing changes"
    )


def test_a_cost_is_shown_with_what_has_no_price() -> None:
    owners = {"project": "defects", "team": "vision", "cost-center": "CC-1"}
    items = (Item("a.b", "a", Span(10, 10), Span(12.5, 20), owners),)
    shown = markdown(plan_of(), Estimate(items, {"aws_lambda_function": 2}))
    assert "+$2.50 to +$10.00" in shown
    assert "| project | defects | $12.50 to $20.00 |" in shown
    assert "Not priced, and in no sum: 2 × `aws_lambda_function`." in shown


def test_missing_cost_tags_are_named_and_unknown_ones_are_not() -> None:
    shown = text(
        plan_of(
            resource("aws_vpc", ("create",), before=None, after={"tags": {"team": "vision"}}),
            resource("aws_eip", ("create",), before=None, after={}, after_unknown={"tags": True}),
            resource("aws_route", ("create",), before=None, after={"route_table_id": "x"}),
        )
    )
    assert "aws_vpc.this: cost-center, project, environment" in shown
    assert "aws_eip.this:" not in shown
    assert "aws_route.this:" not in shown


def test_tags_that_the_provider_adds_count() -> None:
    every = {"team": "a", "project": "b", "environment": "c", "cost-center": "d"}
    after = {"tags": None, "tags_all": every}
    assert "tags are missing" not in text(plan_of(resource("aws_vpc", ("no-op",), after=after)))


def test_an_address_cannot_steer_a_terminal() -> None:
    change = {**resource(), "address": 'aws_s3_bucket.this["\x1b[2J\x9b"]'}
    shown = text(plan_of(change))
    assert "\x1b" not in shown
    assert "\x9b" not in shown


def test_markup_in_an_address_stays_text() -> None:
    assert code('a["`x`"]') == '`` a["`x`"] ``'
    assert plain("<b>@someone</b>") == "\\<b\\>\\@someone\\</b\\>"


def test_the_plan_of_real_modules_names_the_over_spent_budget_and_the_tags() -> None:
    from gleis.infra import cost

    plan = Plan.read(plan_json("gpu-pools"))
    shown = markdown(plan, cost.estimate(plan, cost.Prices.load()))
    assert "budget of project defects: $500.00, **over**" in shown
    assert "- `aws_nat_gateway.this`: `cost-center`, `project`, `environment`" in shown
