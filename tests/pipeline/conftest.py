"""A small project with a small graph whose stages are functions of the test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gleis.contract import platform, project
from gleis.pipeline import graph
from gleis.pipeline.graph import Occasion
from gleis.pipeline.progress import Result
from gleis.pipeline.runner import Runner
from gleis.pipeline.selection import Selection, select
from gleis.pipeline.stage import Context, Outcome

REPO = Path(__file__).parent.parent.parent
COMMON = "runsIn: platform, timeoutMinutes: 1"
GRAPH = f"""\
apiVersion: gleis/v1
kind: Pipeline
events:
  manual: {{why: by hand}}
jobs:
  left: {{why: one branch, runner: cpu, permissions: {{}}}}
  right: {{why: another branch, runner: cpu, permissions: {{}}}}
  end: {{why: where they meet, runner: cpu, permissions: {{}}}}
stages:
  first:
    {{job: left, title: First, {COMMON}, inputs: [a.txt], outputs: [.gleis/out/first.txt]}}
  second:
    {{job: left, title: Second, {COMMON}, needs: [first], inputs: [.gleis/out/first.txt],
     outputs: [.gleis/out/second.txt]}}
  other:
    {{job: right, title: Other, {COMMON}, inputs: [b.txt], contract: [model.metric.floor],
     retries: 2}}
  online:
    {{job: end, title: Online, {COMMON}, needs: [second], when: {{serving.mode: [batch]}}}}
  last:
    {{job: end, title: Last, {COMMON}, needs: [second, other, online], inputs: ["**/*"]}}
"""


@dataclass
class Bench:
    """A project in `root`; `bodies` may be replaced; `calls` is what ran, in order of starting."""

    root: Path
    bodies: dict[str, Callable[[Context], Outcome]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def runner(self) -> Runner:
        organisation = platform.load(REPO / "platform.yaml")
        contract = project.load(self.root, organisation)
        loaded = graph.load(self.root.parent / "pipeline.yaml")
        return Runner(self.root, loaded, contract, organisation, self.body)

    def run(self, *, force: bool = False, keep_going: bool = False, **chosen: object) -> Result:
        runner = self.runner()
        stages = select(runner.graph, runner.project, Occasion(), **chosen)  # type: ignore[arg-type]
        self.calls.clear()
        return runner.run(Selection(stages, force=force, keep_going=keep_going))

    def states(self, result: Result) -> dict[str, str]:
        return {each.stage: each.state for each in result.stages}

    def body(self, stage: str) -> Callable[[Context], Outcome]:
        def call(context: Context) -> Outcome:
            self.calls.append(stage)
            return self.bodies.get(stage, write_outputs)(context)

        return call


def write_outputs(context: Context) -> Outcome:
    """The default body: copy the first input to every output."""
    for name in context.stage.outputs:
        target = context.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((context.root / context.stage.inputs[0]).read_bytes())
    return Outcome(summary="done")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    root = tmp_path / "project"
    root.mkdir()
    fixture = REPO / "tests" / "contract"
    (root / "project.yaml").write_text((fixture / "valid" / "sklearn-online.yaml").read_text())
    (root / "data-contract.yaml").write_text((fixture / "data-contract.yaml").read_text())
    (root / "a.txt").write_text("a")
    (root / "b.txt").write_text("b")
    (root / ".gitignore").write_text(".gleis/\nignored.txt\n")
    (tmp_path / "pipeline.yaml").write_text(GRAPH)
    for argv in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *identity, *argv], cwd=root, check=True)
    return Bench(root)
