"""Jenkins: the shared library's pipeline, its agents, the pipeline read back, the running build.

Each job of the graph is a stage on an agent of its own; what later jobs need is stashed. `pipeline`
writes the Groovy and `reader` reads it back from its tokens alone, so neither trusts the other.
Jenkins has no token permissions: docs/decisions/009-permissions-on-jenkins.md says what becomes of
them. `jobs` turns tenant records into jobs.
"""

from __future__ import annotations

from collections.abc import Mapping

from gleis.contract.platform import Platform
from gleis.pipeline.ci import Views
from gleis.pipeline.ci.jenkins import agents, pipeline, reader
from gleis.pipeline.ci.jenkins.build import detect
from gleis.pipeline.ci.jenkins.groovy import NotReadable
from gleis.pipeline.ci.jenkins.jobs import tenant_jobs
from gleis.pipeline.ci.jenkins.pipeline import NotRenderable
from gleis.pipeline.graph import Graph

__all__ = [
    "NAME",
    "PIPELINE",
    "PODS",
    "NotReadable",
    "NotRenderable",
    "detect",
    "read_back",
    "render",
    "tenant_jobs",
]

NAME = "jenkins"
PIPELINE = "jenkins/vars/mlPipeline.groovy"
PODS = "jenkins/resources/pods"


def render(graph: Graph, platform: Platform) -> dict[str, str]:
    """The pipeline, and one agent for each runner of the graph. Raises NotRenderable."""
    runners = dict.fromkeys(job.runner for job in graph.jobs.values())
    pods = {f"{PODS}/{name}.yaml": agents.pod(name, platform) for name in runners}
    return {PIPELINE: pipeline.groovy(graph, platform), **pods}


def read_back(files: Mapping[str, str]) -> Views:
    """What the pipeline says, job by job, from its text alone. Raises NotReadable."""
    return reader.views_of(files[PIPELINE], PIPELINE) if PIPELINE in files else {}
