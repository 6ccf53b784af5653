"""Charts for tests: two Helms and a kubectl, rendering to objects, strict validation, golden files.

Nothing here reads the settings of the person who runs the tests, reaches a cluster, or writes
beside the charts: they are copied first.
"""

from . import golden
from .programs import MAJORS, helm, kubectl
from .rendering import CHARTS, KUBERNETES, Object, charts, copy, parse, render, run
from .validation import VERSIONS, Verdict, crds, title, validate

__all__ = [
    "CHARTS",
    "KUBERNETES",
    "MAJORS",
    "VERSIONS",
    "Object",
    "Verdict",
    "charts",
    "copy",
    "crds",
    "golden",
    "helm",
    "kubectl",
    "parse",
    "render",
    "run",
    "title",
    "validate",
]
