"""The laptop: no file to render, and the build is what a person does at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from gleis.contract.platform import Platform
from gleis.errors import GleisError
from gleis.evidence import Source
from gleis.findings import Finding
from gleis.pipeline.ci import Views
from gleis.pipeline.graph import Graph
from gleis.pipeline.source import source

NAME = "local"


def render(_graph: Graph, _platform: Platform) -> dict[str, str]:
    """Nothing: `gleis run` reads the graph itself."""
    return {}


def read_back(_files: Mapping[str, str]) -> Views:
    """Nothing, as nothing was rendered."""
    return {}


class Laptop:
    """A person's own machine; git says which branch and commit, once somebody wants to know."""

    name = NAME
    event = "manual"
    change_request = None
    build_url = None

    @cached_property
    def _source(self) -> Source:
        try:
            return source(Path.cwd())
        except GleisError:
            return Source(None, None, False)

    @property
    def branch(self) -> str | None:
        return self._source.branch

    @property
    def commit(self) -> str | None:
        return self._source.commit

    def approver(self, environment: str) -> str:  # noqa: ARG002 - a laptop asks nobody
        """Nobody: `gleis promote --approver` says who it was."""
        return ""

    def annotate(self, findings: Sequence[Finding]) -> None:
        """The terminal has shown them."""

    def publish_summary(self, markdown: str) -> None:
        """The terminal has shown it, and `gleis report` shows more."""

    def store_artifact(self, path: Path) -> None:
        """Files stay where they are."""

    def oidc_token(self, audience: str) -> str:
        """Nobody vouches for a laptop."""
        raise GleisError(
            f"there is no identity token for {audience} outside of CI: "
            "sign in with your own account, or let CI run this stage"
        )


def detect(_environ: Mapping[str, str]) -> Laptop:
    """The laptop is always there; outside a git repository it has neither branch nor commit."""
    return Laptop()
