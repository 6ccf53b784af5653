"""A chart and values in, objects out, through one of the Helms."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from . import programs

CHARTS = programs.REPO / "argocd" / "charts"
LIBRARY = "library"
KUBERNETES = ("1.34.0", "1.35.0")
Object = dict[str, Any]
Values = Mapping[str, Any] | Path


class _Strict(yaml.CSafeLoader):
    """YAML as Kubernetes decodes it strictly: a key that comes twice is a mistake.

    Go reads 12e4 as a number and a date as text, PyYAML the other way round; neither knows 1:30 as
    ninety. A commit id without quotes would else pass here and break in the cluster.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"twice in one mapping: {', '.join(sorted(twice))}", node.start_mark
            )
        return super().construct_mapping(node, deep)


_NUMBERS = {
    "int": r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
}
_Strict.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] not in
            (*_NUMBERS, "timestamp")]
    for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}  # fmt: skip
for _name, _pattern in _NUMBERS.items():
    _Strict.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"^({_pattern})$"), list("-+.0123456789")
    )


def charts() -> list[str]:
    """The names of the charts that can be rendered, found by their Chart.yaml."""
    found = []
    for file in sorted(CHARTS.glob("*/Chart.yaml")):
        if yaml.safe_load(file.read_text()).get("type") != "library":
            found.append(file.parent.name)
    return found


def copy(chart: str, into: Path) -> Path:
    """A copy of the chart that has the library within, as `helm dependency build` would make it."""
    folder = into / chart
    shutil.copytree(CHARTS / chart, folder)
    shutil.copytree(CHARTS / LIBRARY, folder / "charts" / LIBRARY)
    return folder


def run(
    major: int,
    chart: str,
    *values: Values,
    release: str = "it",
    namespace: str = "default",
    kubernetes: str = KUBERNETES[-1],
) -> subprocess.CompletedProcess[str]:
    """`helm template` of a chart of this checkout; `values` as files or mappings, the last wins."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        argv = [str(programs.helm(major)), "template", release, str(copy(chart, home))]
        argv += ["--namespace", namespace, "--kube-version", kubernetes]
        for number, each in enumerate(values):
            file = each if isinstance(each, Path) else home / f"values-{number}.yaml"
            if not isinstance(each, Path):
                file.write_text(yaml.safe_dump(dict(each)))
            argv += ["--values", str(file)]
        return programs.run(argv, home)


def render(
    major: int,
    chart: str,
    *values: Values,
    release: str = "it",
    namespace: str = "default",
    kubernetes: str = KUBERNETES[-1],
) -> list[Object]:
    """The objects that a chart makes of these values, in Helm's order."""
    done = run(major, chart, *values, release=release, namespace=namespace, kubernetes=kubernetes)
    assert done.returncode == 0, f"helm {major} template {chart}\n{done.stderr}"
    return parse(done.stdout)


def parse(text: str) -> list[Object]:
    """The objects of a stream of YAML documents. A key that comes twice is refused."""
    return [each for each in yaml.load_all(text, Loader=_Strict) if each]
