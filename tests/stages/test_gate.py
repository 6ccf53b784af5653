"""The gate: floor and champion, overall and per slice; nothing slips through."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gleis.contract.project import Metric
from gleis.stages.evaluate import gate

UP = Metric("f1_macro", "maximize", floor=0.8, tolerance=0.01, slices=("site",))
DOWN = Metric("rmse", "minimize", floor=60.0, tolerance=1.0, slices=("site",))


def measured(overall: float, name: str = "f1_macro", **sites: float) -> dict[str, Any]:
    return {
        "overall": {name: {"value": overall}},
        "slices": {
            "site": {site: {"n": 9, "metrics": {name: {"value": v}}} for site, v in sites.items()}
        },
    }


def failed(metric: Metric, ours: dict[str, Any], theirs: dict[str, Any] | None = None) -> list[str]:
    return [f"{each.scope} {each.kind}" for each in gate(metric, ours, theirs) if not each.ok]


def test_a_good_model_passes_everything() -> None:
    assert failed(UP, measured(0.9, north=0.85, south=0.95), measured(0.9, north=0.85)) == []


def test_the_floor_is_enforced_overall_and_in_every_slice() -> None:
    assert failed(UP, measured(0.79, north=0.85, south=0.5)) == [
        "overall floor",
        "site=south floor",
    ]


def test_worse_than_the_champion_by_more_than_the_tolerance_fails() -> None:
    assert failed(UP, measured(0.889), measured(0.90)) == ["overall champion"]
    assert failed(UP, measured(0.8901), measured(0.90)) == []


def test_a_slice_that_got_worse_fails_although_the_whole_got_better() -> None:
    assert failed(UP, measured(0.95, north=0.85), measured(0.9, north=0.9)) == [
        "site=north champion"
    ]


def test_a_new_slice_is_held_against_the_floor_only() -> None:
    assert failed(UP, measured(0.9, east=0.81), measured(0.9, north=0.9)) == []


def test_only_a_slice_of_one_row_may_lack_the_metric() -> None:
    ours = measured(0.9, north=0.9)
    ours["slices"]["site"]["south"] = {"n": 1, "metrics": {}}
    assert failed(UP, ours) == []
    ours["slices"]["site"]["south"]["n"] = 2
    assert failed(UP, ours) == ["site=south floor"]


def test_an_error_is_better_the_lower_it_is() -> None:
    assert failed(DOWN, measured(61, "rmse")) == ["overall floor"]
    assert failed(DOWN, measured(55, "rmse"), measured(50, "rmse")) == ["overall champion"]
    assert failed(DOWN, measured(50.9, "rmse"), measured(50, "rmse")) == []


def test_a_message_names_metric_value_bound_and_slice() -> None:
    (verdict,) = [each for each in gate(UP, measured(0.9, north=0.7), None) if not each.ok]
    assert str(verdict) == "f1_macro = 0.7 misses the floor 0.8 (site=north)"


@given(st.floats(0, 1) | st.just(math.nan), st.floats(0, 1), st.floats(0, 0.2))
def test_nothing_below_the_floor_ever_passes(value: float, floor: float, tolerance: float) -> None:
    metric = Metric("f1_macro", "maximize", floor, tolerance)
    passed = not failed(metric, measured(value), measured(value))
    assert passed == (value >= floor)


@given(st.sampled_from([None, "0.9", [], {}]))
def test_a_metric_that_is_no_number_never_passes(value: object) -> None:
    assert failed(UP, {"overall": {"f1_macro": {"value": value}}, "slices": {}}) == [
        "overall floor"
    ]
