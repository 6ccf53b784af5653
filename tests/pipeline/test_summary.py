"""The page that a CI system shows of a run: complete, and text only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from gleis.evidence import FAILED
from gleis.pipeline import graph as graphs
from gleis.pipeline import summary
from gleis.pipeline.graph import Occasion
from gleis.pipeline.progress import EXECUTED, SKIPPED, Progress, Result

from .conftest import Bench

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def result(*stages: Progress, **reasons: str) -> Result:
    return Result("run-1", NOW, NOW, stages, 1 if reasons else 0, reasons)


def test_a_row_for_each_stage_and_the_reason_of_each_failure() -> None:
    text = summary.markdown(
        result(
            Progress("lint", "verify", EXECUTED, "all is well", seconds=1.25),
            Progress("test", "verify", FAILED, "2 failed"),
            test="2 failed:\n  test_x",
        ),
        Occasion("pull-request", "dev"),
    )
    assert text.startswith("### gleis run: failed\n")
    assert "pull-request, for dev" in text
    assert "| lint | ✓ passed | 1.2 | all is well |" in text
    assert "**test** did not pass:\n\n```text\n2 failed:\n  test_x\n```" in text


def test_pages_that_stages_wrote_are_shown_and_only_of_those_that_ran(tmp_path: Path) -> None:
    graph = graphs.load()
    file = tmp_path / ".gleis" / "out" / "infra-plan.md"
    file.parent.mkdir(parents=True)
    file.write_text("### 2 to create\n")
    for state, shown in (
        (EXECUTED, ["### 2 to create\n"]), (FAILED, ["### 2 to create\n"]), (SKIPPED, [])
    ):  # fmt: skip
        run = result(Progress("infra-plan", "deliver", state))
        assert summary.pages(tmp_path, graph, run) == shown
    file.unlink()
    assert summary.pages(tmp_path, graph, result(Progress("infra-plan", "x", EXECUTED))) == []


def test_what_a_stage_said_stays_text() -> None:
    evil = "a | b\n| c | <img src=x> [x](javascript:1) ```"
    text = summary.markdown(
        result(Progress("test", "verify", FAILED, evil), test="```\n# heading\n````\n<b>"),
        Occasion(),
    )
    row = next(line for line in text.splitlines() if line.startswith("| test"))
    assert row.replace("\\|", "").count("|") == 5
    assert "<img" not in text
    assert "[x](" not in text
    fence = next(line for line in text.splitlines() if line.endswith("`text"))
    assert text.rstrip().splitlines()[-1] == fence.removesuffix("text")
    assert len(fence.removesuffix("text")) > 4


def test_a_failed_stage_without_findings_is_one_and_others_are_passed_on(bench: Bench) -> None:
    from gleis.findings import Finding, Severity
    from gleis.pipeline.stage import Outcome

    kept = Finding("F401", Severity.LOW, "unused", "remove it", "a.txt", 1)
    odd = {"check": "not a finding"}
    bench.bodies["first"] = lambda _: Outcome.failed("bad", findings=(kept.to_dict(), odd))
    bench.bodies["other"] = lambda _: Outcome.failed("broken\nread the log")
    done = bench.run(keep_going=True)

    found = summary.findings(bench.root, done)

    assert {(each.rule, each.file, each.message) for each in found} == {
        ("F401", "a.txt", "unused"),
        ("other", None, "broken"),
    }
    assert json.loads((Path(bench.root) / ".gleis/run/pipeline.json").read_text())["exitCode"] == 1
