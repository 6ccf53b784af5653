"""Helm, as this room uses it: local charts only, nothing downloaded, no cluster asked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gleis.tools import Completed, ToolMissing, require, run
from gleis.tools.process import clean_env

VARIABLE = "GLEIS_HELM"  # names the program, where it is not on PATH
TIMEOUT = 300.0  # seconds for one call
KUBERNETES = ("1.34", "1.35")  # the versions that every object has to be valid for


@dataclass(frozen=True)
class Helm:
    """The program, and the folder that it may keep its own files in."""

    program: Path

    def digest(self) -> str:
        """One name for this very program."""
        facts = self.program.stat()
        return f"{self.program.resolve()} {facts.st_size} {facts.st_mtime_ns}"

    def template(self, chart: Path, release: str) -> Completed:
        """What `helm template` prints of a chart; does not raise for a chart that fails."""
        words: list[str | Path] = ["template", release, chart, "--kube-version", KUBERNETES[-1]]
        return run([self.program, *words], timeout=TIMEOUT, env=self._environment(chart))

    def _environment(self, chart: Path) -> dict[str, str]:
        # Plugins, repositories and a cluster of the user have no say in what a chart renders to.
        home = chart.parent / "helm-home"
        env = {name: value for name, value in clean_env().items() if not name.startswith("HELM_")}
        return env | {
            "HELM_CACHE_HOME": str(home / "cache"),
            "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
            "KUBECONFIG": os.devnull,
        }


def find() -> Helm:
    """Helm 3 or 4: $GLEIS_HELM, else that on PATH. Raises ToolMissing."""
    told = os.environ.get(VARIABLE, "")
    if told and not os.access(told, os.X_OK):
        raise ToolMissing(f"{VARIABLE} is {told}, which is no program that can be started")
    return Helm(Path(told).absolute() if told else require("helm"))
