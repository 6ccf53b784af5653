"""One file per stage; each has `run(context) -> Outcome`. The file's name is the stage's id."""

from __future__ import annotations

from importlib import import_module

from gleis.pipeline.stage import Body


def load(stage: str) -> Body:
    """The body of `stage`. A stage in the graph without a file here is a defect: ImportError."""
    body: Body = import_module(f"gleis.stages.{stage.replace('-', '_')}").run
    return body
