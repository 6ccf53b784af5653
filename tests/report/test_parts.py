"""The small parts: geometry of the plots, words, timeline, model card, colours."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleis.report import card, outputs, plots, timeline, words
from gleis.report.model import Confusion, Interval, Run, StageRun
from gleis.report.node import Node
from gleis.report.page import TEMPLATES

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, max_size=8), finite)
def test_every_place_is_between_0_and_100(values: list[float], other: float) -> None:
    frame = plots.domain(values)
    assert all(0 <= frame.place(value) <= 100 for value in [*values, other])


def test_a_domain_of_shares_does_not_leave_0_to_1() -> None:
    frame = plots.domain([0.97, 1.0], within=(0.0, 1.0))
    assert frame.high == 1.0
    assert 0.9 < frame.low < 0.97


def test_a_strip_places_value_interval_and_floor_in_order() -> None:
    frame = plots.domain([0.8, 0.9, 0.95])
    drawn = plots.strip(Interval(0.9, 0.88, 0.95), frame, [("floor", "floor", 0.85)])
    assert drawn.marks[0].at < drawn.low < drawn.at < drawn.high
    assert drawn.label == "value 0.9000, interval 0.8800 to 0.9500, floor 0.8500"


def test_a_confusion_matrix_has_counts_shares_and_hits() -> None:
    rows = plots.heat_rows(Confusion(("a", "b"), ((1, 299), (0, 0)), 2))
    assert [cell.share for cell in rows[0].cells] == ["<1 %", ">99 %"]
    assert [cell.hit for cell in rows[0].cells] == [True, False]
    assert rows[1].recall == words.UNKNOWN


def test_a_crooked_matrix_is_not_drawn() -> None:
    crooked = {"labels": ["a", "b"], "matrix": [[1, 2], [3]]}
    assert outputs.confusion(Node(crooked)) is None


def test_a_matrix_of_many_classes_is_cut_and_says_so() -> None:
    many = {"labels": [str(i) for i in range(90)], "matrix": [[1] * 90] * 90}
    found = outputs.confusion(Node(many))
    assert found is not None
    assert (len(found.labels), found.labels_in_all) == (outputs.LABELS_LIMIT, 90)


def test_perfect_predictions_lie_on_the_line() -> None:
    drawn = plots.predicted_actual([(1.0, 1.0), (3.0, 3.0)])
    for x, y in re.findall(r"M([\d.-]+) ([\d.-]+)h0", drawn.path):
        assert float(x) + float(y) == pytest.approx(plots.SIZE, abs=1)


def test_residuals_are_actual_minus_predicted_around_the_middle() -> None:
    drawn = plots.residuals([(10.0, 14.0), (20.0, 20.0)])
    heights = [float(y) for y in re.findall(r"M[\d.-]+ ([\d.-]+)h0", drawn.path)]
    assert heights[0] < plots.SIZE / 2
    assert heights[1] == plots.SIZE / 2


@given(finite, st.floats(min_value=1e-6, max_value=1e12))
def test_ticks_are_few_and_inside(low: float, width: float) -> None:
    frame = plots.Domain(low, low + width)
    found = plots.ticks(frame)
    assert len(found) <= 12
    assert all(0 <= tick.at <= 100 for tick in found)


def stage(name: str, begin: float, seconds: float, state: str = "executed") -> StageRun:
    return StageRun(name, "job", state, START + timedelta(seconds=begin), seconds)


def test_bars_lie_where_the_stages_ran() -> None:
    stages = (stage("a", 0, 5), stage("b", 5, 5), stage("c", 10, 0, "skipped"))
    drawn = timeline.lay_out(Run(started=START, stages=stages))
    first, second, third = drawn.lanes[0].bars
    assert (first.left, first.width) == (0.0, 50.0)
    assert (second.left, second.width) == (50.0, 50.0)
    assert third.left is None
    assert drawn.counts == (("executed", 2), ("skipped", 1))


def test_a_short_stage_can_still_be_seen() -> None:
    drawn = timeline.lay_out(Run(stages=(stage("a", 0, 1000), stage("b", 1000, 0.001))))
    bar = drawn.lanes[0].bars[1]
    assert bar.left is not None
    assert bar.width >= timeline.MIN_WIDTH
    assert bar.left + bar.width <= 100


def test_two_numbers_of_a_gate_never_look_the_same() -> None:
    assert words.apart(0.849999, 0.85) == ("0.849999", "0.850000")
    assert words.apart(0.9, 0.85) == ("0.9000", "0.8500")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (math.nan, "–"), (0.93124, "0.9312"), (54.128, "54.13"), (-0.5, "−0.5000"),
     (1234567, "1\u202f234\u202f567"), (0.0, "0.0000"), (2e-7, "2e−07")],
)  # fmt: skip
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.237, "0.24 s"), (12.34, "12.3 s"), (185, "3 min 05 s"), (7440, "2 h 04 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_a_model_card_keeps_its_tables_and_loses_its_html() -> None:
    html = card.render("---\na: 1\n---\n# One\n<b>x</b>\n\n| a |\n|---|\n| 1 |\n<!-- note -->")
    assert "<h3>One</h3>" in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<table" in html
    assert "note" not in html
    assert "a: 1" not in html


def test_metrics_read_intervals_and_slices(write_metrics: Callable[..., dict[str, Any]]) -> None:
    found = outputs.metrics(Node(write_metrics("classification")))
    assert found.interval == "bootstrap percentile, 95 %, 1\u202f000 resamples"
    assert [entry.value for entry in found.slices] == ["press", "lathe", "mill & drill"]
    assert found.overall["f1_macro"].low == pytest.approx(0.9072)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_all_text_has_the_contrast_of_wcag_aa(scheme: int) -> None:
    css = Path(TEMPLATES / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css.split(":root {")[scheme + 1]))
    pairs = [(text, ground) for text in ("text", "muted") for ground in ("bg", "surface")]
    pairs += [(tone, f"{tone}-soft") for tone in ("ok", "bad", "warn", "idle")]
    pairs += [(tone, "bg") for tone in ("ok", "bad", "warn", "idle", "accent")]
    pairs += [("text", "bad-soft"), ("text", "warn-soft"), ("warn", "surface")]
    low = [(a, b) for a, b in pairs if contrast(colours[a], colours[b]) < 4.5]
    hottest = mixed(colours["accent"], colours["surface"], 0.42)
    assert low == []
    assert contrast(colours["text"], hottest) >= 4.5
