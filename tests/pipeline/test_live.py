"""What a run says where there is no terminal: in CI logs and pipes."""

from __future__ import annotations

import pytest

from gleis.pipeline import graph, live
from gleis.pipeline.progress import Progress


def test_lines_tell_what_takes_long_and_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with live.display(graph.load(), ["lint"]) as listener:
        assert listener is not None
        progress = Progress("lint", "verify", "running", "Code style")
        listener.changed(progress)
        progress.line = "making the environment"
        listener.changed(progress)
        listener.changed(progress)
        progress.state, progress.seconds, progress.line = "executed", 1.25, "clean"
        listener.changed(progress)
    assert capsys.readouterr().out.splitlines() == [
        "▸ lint                            making the environment",
        "✓ lint        passed       1.2 s  clean",
    ]


def test_quiet_means_nothing_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    with live.display(graph.load(), ["lint"], quiet=True) as listener:
        assert listener is None
    assert capsys.readouterr().out == ""
