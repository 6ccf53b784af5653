"""The runner: order, what is run again and why, failures, and evidence that can be trusted."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from gleis import evidence
from gleis.contract import schema
from gleis.errors import ToolMissing
from gleis.pipeline import runner
from gleis.pipeline.runner import NeedsMissing
from gleis.pipeline.selection import Selection
from gleis.pipeline.source import NotARepo
from gleis.pipeline.stage import Context, Outcome

from .conftest import Bench, write_outputs


def test_a_second_run_executes_nothing(bench: Bench) -> None:
    assert bench.run().exit_code == 0
    assert sorted(bench.calls) == ["first", "last", "other", "second"]

    again = bench.run()

    assert bench.calls == []
    assert set(bench.states(again).values()) == {"unchanged"}


def test_a_stage_that_the_contract_does_not_ask_for_is_left_out(bench: Bench) -> None:
    assert "online" not in bench.states(bench.run())


def test_a_changed_file_runs_what_reads_it_and_nothing_else(bench: Bench) -> None:
    bench.run()
    (bench.root / "b.txt").write_text("changed")
    bench.run()
    assert bench.calls == ["other", "last"]


def test_a_stage_whose_output_comes_out_equal_stops_the_chain(bench: Bench) -> None:
    bench.bodies["first"] = lambda context: write_constant(context, "same")
    bench.run()
    (bench.root / "a.txt").write_text("changed")
    bench.run()
    assert bench.calls == ["first", "last"]


def test_a_changed_contract_field_runs_the_stage_that_reads_it(bench: Bench) -> None:
    bench.run()
    file = bench.root / "project.yaml"
    file.write_text(file.read_text().replace("floor: 0.85", "floor: 0.86"))
    bench.run()
    assert bench.calls == ["other", "last"]


def test_a_file_that_git_ignores_is_no_input_of_everything(bench: Bench) -> None:
    bench.run()
    (bench.root / "ignored.txt").write_text("x")
    bench.run()
    assert bench.calls == []


def test_a_damaged_output_is_made_again(bench: Bench) -> None:
    bench.run()
    (bench.root / ".gleis/out/first.txt").write_text("damaged")
    bench.run()
    assert bench.calls == ["first"]
    assert (bench.root / ".gleis/out/first.txt").read_text() == "a"


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_evidence_that_was_cut_off_is_not_believed(bench: Bench, cut: int) -> None:
    bench.run()
    path = evidence.path(bench.root, "other")
    path.write_bytes(path.read_bytes()[:cut])
    bench.run()
    assert bench.calls == ["other"]


def test_a_failure_stops_what_needs_it_and_names_the_reason(bench: Bench) -> None:
    bench.bodies["second"] = lambda _: Outcome.failed("the answer is no")
    result = bench.run()
    states = bench.states(result)
    assert result.exit_code == 1
    assert result.reasons == {"second": "the answer is no"}
    assert (states["first"], states["second"], states["last"]) == ("executed", "failed", "skipped")


def test_after_a_failure_the_next_run_goes_on_there(bench: Bench) -> None:
    bench.bodies["second"] = lambda _: Outcome.failed("no")
    bench.run()
    del bench.bodies["second"]
    bench.run()
    assert "first" not in bench.calls
    assert "second" in bench.calls


def test_keep_going_runs_what_does_not_need_the_failure(bench: Bench) -> None:
    bench.bodies["first"] = lambda _: Outcome.failed("no")
    states = bench.states(bench.run(keep_going=True))
    assert states == {
        "first": "failed",
        "second": "skipped",
        "other": "executed",
        "last": "skipped",
    }


def test_jobs_that_do_not_need_each_other_overlap(bench: Bench) -> None:
    meet = threading.Barrier(2, timeout=10)

    def wait(context: Context) -> Outcome:
        meet.wait()
        return write_outputs(context)

    bench.bodies |= {"first": wait, "other": wait}
    assert bench.run().exit_code == 0


def test_a_missing_tool_is_exit_code_3_and_an_error_in_the_evidence(bench: Bench) -> None:
    def missing(context: Context) -> Outcome:
        raise ToolMissing("no such tool: get it there")

    bench.bodies["other"] = missing
    assert bench.run().exit_code == 3
    record = evidence.read(bench.root, "other")
    assert record is not None
    assert (record.verdict, record.reason) == ("error", "no such tool: get it there")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_FIRST_PAUSE", 0.0)


def test_a_stage_is_tried_again_when_a_service_failed(bench: Bench) -> None:
    def flaky(context: Context) -> Outcome:
        if bench.calls.count("other") < 3:
            raise ToolMissing("the service did not answer")
        return Outcome()

    bench.bodies["other"] = flaky
    assert bench.run().exit_code == 0
    assert bench.calls.count("other") == 3


def test_a_stage_is_not_tried_again_when_the_answer_is_no(bench: Bench) -> None:
    bench.bodies["other"] = lambda _: Outcome.failed("no")
    assert bench.run().exit_code == 1
    assert bench.calls.count("other") == 1


def test_a_stage_that_asks_the_world_runs_although_nothing_changed(bench: Bench) -> None:
    file = bench.root.parent / "pipeline.yaml"
    file.write_text(file.read_text().replace("retries: 2", "rerun: always"))
    bench.run()
    bench.run()
    assert bench.calls == ["other"]


def test_a_defect_of_ours_is_told_without_a_traceback_on_the_terminal(bench: Bench) -> None:
    def broken(context: Context) -> Outcome:
        raise ZeroDivisionError

    bench.bodies["other"] = broken
    result = bench.run()
    assert result.exit_code == 3
    assert "Traceback" not in result.reasons["other"]
    assert "ZeroDivisionError" in (bench.root / ".gleis/run/other.log").read_text()


def test_an_input_that_changes_under_a_running_stage_is_noticed(bench: Bench) -> None:
    def slow(context: Context) -> Outcome:
        (bench.root / "b.txt").write_text("changed meanwhile")
        return Outcome()

    bench.bodies["other"] = slow
    assert "changed while it ran" in bench.run().reasons["other"]


def test_old_evidence_is_gone_before_a_stage_starts(bench: Bench) -> None:
    bench.run()
    (bench.root / "b.txt").write_text("changed")
    seen: list[bool] = []

    def look(context: Context) -> Outcome:
        seen.append(evidence.path(bench.root, "other").exists())
        return Outcome()

    bench.bodies["other"] = look
    bench.run()
    assert seen == [False]


def test_a_full_disk_ends_in_one_message(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(context: Context) -> Outcome:
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    bench.bodies["other"] = full
    result = bench.run()
    assert result.exit_code == 3
    assert "No space left on device" in result.reasons["other"]


def test_one_stage_alone_wants_what_it_needs_to_have_passed(bench: Bench) -> None:
    with pytest.raises(NeedsMissing, match="second needs first, which has not run"):
        bench.run(only=["second"])
    bench.run(until="first")
    assert bench.run(only=["second"]).exit_code == 0
    assert bench.calls == ["second"]


def test_from_runs_a_stage_and_all_that_needs_it(bench: Bench) -> None:
    bench.run()
    assert set(bench.states(bench.run(first="second", force=True))) == {"second", "last"}
    assert bench.calls == ["second", "last"]


def test_a_dry_run_tells_why_and_does_nothing(bench: Bench) -> None:
    bench.run()
    (bench.root / "b.txt").write_text("changed")
    ours = bench.runner()
    plan = {each.stage: each for each in ours.plan(Selection(frozenset(ours.graph.stages)))}
    assert plan["other"].why == "b.txt changed"
    assert not plan["first"].runs
    assert bench.run().exit_code == 0


def test_evidence_keeps_its_schema_and_comes_back_the_same(bench: Bench) -> None:
    bench.run()
    for name in ("first", "other", "last"):
        data = json.loads(evidence.path(bench.root, name).read_text())
        assert schema.conforms(data, "evidence") == []
        record = evidence.from_statement(data)
        assert evidence.statement(record) == data
    assert data["subject"][0]["name"] == "git+commit"


def test_before_the_first_commit_there_is_evidence_too(bench: Bench, tmp_path: Path) -> None:
    import shutil
    import subprocess

    shutil.rmtree(bench.root / ".git")
    subprocess.run(["git", "init", "-q"], cwd=bench.root, check=True)
    assert bench.run().exit_code == 0
    assert set(bench.states(bench.run()).values()) == {"unchanged"}


def test_a_folder_outside_of_git_is_refused_with_what_to_do(bench: Bench) -> None:
    import shutil

    shutil.rmtree(bench.root / ".git")
    with pytest.raises(NotARepo, match="git init"):
        bench.runner()


def write_constant(context: Context, text: str) -> Outcome:
    for name in context.stage.outputs:
        target = context.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return Outcome()
