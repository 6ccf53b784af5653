"""Shows a run: a live table on a terminal, a line per change elsewhere (CI logs, pipes)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gleis.evidence import FAILED
from gleis.pipeline.graph import Graph
from gleis.pipeline.progress import (
    CANCELLED,
    EXECUTED,
    OVER,
    RUNNING,
    SKIPPED,
    UNCHANGED,
    WAITING,
    Listener,
    Progress,
    Result,
)

# State → mark and colour. The word is always there too, so colour never stands alone.
_MARKS = {
    WAITING: ("·", "dim"),
    RUNNING: ("▸", "cyan"),
    EXECUTED: ("✓", "green"),
    UNCHANGED: ("=", "blue"),
    FAILED: ("✗", "red"),
    SKIPPED: ("-", "dim"),
    CANCELLED: ("-", "yellow"),
}
_WORDS = {EXECUTED: "passed"}


@contextmanager
def display(
    graph: Graph, order: list[str], *, quiet: bool = False, live: bool = True
) -> Iterator[Listener | None]:
    """A listener that shows stages in `order` until the block ends; None when `quiet`.

    Without `live` lines are never painted over: some runners of CI systems pretend to be terminals.
    """
    if quiet:
        yield None
    elif live and sys.stdout.isatty():
        table = _Table(graph, order)
        with table.live():
            yield table
    else:
        yield _Lines()


class _Lines:
    """A line when a stage is over, and one for each thing worth telling that it says before."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def changed(self, progress: Progress) -> None:
        if progress.state in OVER:
            self._print(progress, _WORDS.get(progress.state, progress.state), progress.line)
        elif progress.state == RUNNING:
            # The first line is the stage's title, which the last one makes superfluous.
            before = self._said.setdefault(progress.stage, progress.line)
            if progress.line != before:
                self._said[progress.stage] = progress.line
                self._print(progress, "", progress.line)

    @staticmethod
    def _print(progress: Progress, state: str, line: str) -> None:
        mark, _ = _MARKS[progress.state]
        timed = progress.state in (EXECUTED, FAILED)
        seconds = f"{progress.seconds:6.1f} s" if timed else " " * 8
        print(f"{mark} {progress.stage:<11} {state:<9} {seconds}  {line}".rstrip(), flush=True)


class _Table:
    """A row per stage: mark, name, state, seconds, and the last thing that the stage said."""

    def __init__(self, graph: Graph, order: list[str]) -> None:
        self._progress = {name: Progress(name, graph.stages[name].job) for name in order}

    def changed(self, progress: Progress) -> None:
        self._progress[progress.stage] = progress

    def live(self) -> Any:
        from rich.live import Live

        return Live(get_renderable=self._render, refresh_per_second=8, transient=False)

    def _render(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("", "stage", "state"):
            table.add_column(name, no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("", overflow="ellipsis", no_wrap=True, ratio=1)
        for each in self._progress.values():
            mark, colour = _MARKS[each.state]
            table.add_row(
                Text(mark, style=colour),
                each.stage,
                Text(_WORDS.get(each.state, each.state), style=colour),
                _seconds(each),
                Text(each.line, style="dim"),
            )
        return table


def _seconds(progress: Progress) -> str:
    if progress.state == RUNNING and progress.started is not None:
        return f"{time.monotonic() - progress.started:.0f} s"
    return f"{progress.seconds:.1f} s" if progress.state in (EXECUTED, FAILED) else ""


def closing_words(result: Result) -> str:
    """What a person wants to know when a run is over: the verdict, why, and what to do now."""
    executed = sum(each.state == EXECUTED for each in result.stages)
    unchanged = sum(each.state == UNCHANGED for each in result.stages)
    seconds = (result.finished - result.started).total_seconds()
    if result.exit_code == 0:
        ran = f"{executed} stage(s) ran" if executed else "nothing to do"
        kept = f", {unchanged} unchanged" if unchanged else ""
        return f"\nAll green in {seconds:.1f} s: {ran}{kept}. See it: gleis report"
    paragraphs = [f"\n{stage} did not pass: {reason}" for stage, reason in result.reasons.items()]
    return "\n".join([*paragraphs, "\nWhat passed is kept; `gleis run` goes on from here."])
