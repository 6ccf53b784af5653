"""The stage graph: order, references, cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.contract import ContractError
from gleis.pipeline import graph

GOOD = """\
apiVersion: gleis/v1
kind: Pipeline
events:
  manual: {why: by hand}
jobs:
  one: {why: first, runner: cpu, permissions: {}}
  two: {why: second, runner: cpu, permissions: {}}
stages:
  a: {job: one, title: A, runsIn: platform, timeoutMinutes: 1}
  b: {job: one, title: B, runsIn: platform, timeoutMinutes: 1, needs: [a]}
  c: {job: two, title: C, runsIn: platform, timeoutMinutes: 1, needs: [b]}
  d: {job: two, title: D, runsIn: platform, timeoutMinutes: 1}
"""


def load(tmp_path: Path, text: str) -> graph.Graph:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    return graph.load(path)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_in_our_own_graph_promotion_needs_all_but_monitoring() -> None:
    ours = graph.load()
    assert ours.before(["promote"]) == set(ours.stages) - {"monitor"}
    assert set(ours.jobs) == {stage.job for stage in ours.stages.values()}


def test_a_stage_comes_after_what_it_needs(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).order == ("a", "b", "c", "d")


def test_before_and_after_are_transitive(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    assert loaded.before(["c"]) == {"a", "b", "c"}
    assert loaded.after(["a"]) == {"a", "b", "c"}


def test_an_unknown_need_is_refused_with_a_guess(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD.replace("needs: [b]", "needs: [bb]"))
    assert 'stage c needs "bb"' in said
    assert 'Did you mean "b"?' in said


def test_an_unknown_job_is_refused_with_a_guess(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD.replace("job: two, title: D", "job: twoo, title: D"))
    assert 'stage d is in job "twoo"' in said
    assert 'Did you mean "two"?' in said


def test_a_cycle_of_stages_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD.replace("title: A,", "title: A, needs: [b],"))
    assert "stages wait for each other: " in said
    assert "pipeline/no-stage-cycle" in said


def test_a_cycle_of_jobs_is_named_although_no_stage_waits_for_itself(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD.replace("title: A,", "title: A, needs: [d],"))
    assert "pipeline/no-job-cycle" in said


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    assert "schema/unknown-key" in refused(tmp_path, GOOD.replace("title: D", "titel: D, title: D"))


def test_a_path_out_of_the_project_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD.replace("title: D", "title: D, outputs: [../x]"))
    assert "schema/pattern" in said


def test_asking_for_an_unknown_stage_lists_what_there_is() -> None:
    with pytest.raises(
        graph.UnknownStage, match=r'Did you mean "train"\?\nStages: lint, '
    ) as caught:
        graph.load().stage("trian")
    assert caught.value.exit_code == 2


def test_a_job_waits_for_the_jobs_of_what_its_stages_need(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).needs_of("two") == ("one",)


def test_a_job_applies_when_one_of_its_stages_does(tmp_path: Path) -> None:
    text = GOOD.replace("title: A,", "title: A, when: {event: [main]},")
    assert load(tmp_path, text).allowed("one", "event") is None
    text = text.replace("title: B,", "title: B, when: {event: [tag, main]},")
    assert load(tmp_path, text).allowed("one", "event") == ("main", "tag")


def test_an_unknown_event_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD.replace("title: A,", "title: A, when: {event: [pr]},"))
    assert "schema/not-allowed" in said
