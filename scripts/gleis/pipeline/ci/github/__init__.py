"""GitHub Actions: two reusable workflows, what they say read back, and the running build.

A job checks out the project, gets uv and runs `gleis run` once for all of its stages. `workflow`
puts the text together line by line and `reader` reads it back as YAML, so neither trusts the other.
"""

from __future__ import annotations

from gleis.pipeline.ci.github.build import Build, command, detect, event_of
from gleis.pipeline.ci.github.reader import read_back
from gleis.pipeline.ci.github.words import PIPELINE, SCHEDULE
from gleis.pipeline.ci.github.workflow import render

__all__ = [
    "NAME",
    "PIPELINE",
    "SCHEDULE",
    "Build",
    "command",
    "detect",
    "event_of",
    "read_back",
    "render",
]

NAME = "github"
