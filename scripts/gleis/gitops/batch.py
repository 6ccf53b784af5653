"""Many charts with many values in few calls of Helm, and exactly what single calls would give.

Starting Helm and reading a chart takes a hundred times longer than rendering one tenant. All output
of a chart is one named template, `<chart>.objects`; so a scratch chart that holds the templates of
all charts can call them for one item after another.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.gitops import charts, state
from gleis.gitops.charts import Chart, Values
from gleis.gitops.errors import GitopsError
from gleis.tools import catalogue
from gleis.tools.process import clean_env, run

Object = dict[str, Any]
KUBERNETES = "1.35.0"  # what charts are told that the cluster is
WORKERS = 2  # calls of Helm at one time; each keeps a core busy
CHUNK = 100  # items in a call: beyond that the start of Helm is lost in the noise, and memory grows
_TIMEOUT = 300.0  # seconds for one call
_MARK = "# item "  # a comment, so that Helm has nothing to parse

# What Helm runs: each item's text is split into documents, read, and written as one line of JSON,
# which is read back ten times faster than YAML.
_LOOP = """\
kind: Rendered
{{- range $index, $item := .Values.items }}
{{- $values := dict }}
{{- range list (get $.Values.values $item.chart) $item.values }}
{{- range $key, $value := . }}{{ $_ := set $values $key $value }}{{ end }}
{{- end }}
{{- range $item.without }}{{ $_ := unset $values . }}{{ end }}
{{- $release := dict "Name" $item.release "Namespace" $item.namespace "Service" "Helm"
  "Revision" 1 "IsInstall" true "IsUpgrade" false }}
{{- $context := dict "Values" $values "Release" $release "Chart" (get $.Values.about $item.chart)
  "Capabilities" $.Capabilities }}
{{- $objects := list }}
{{- range regexSplit "(?m)^---\\\\s*$" (include (printf "%s.objects" $item.chart) $context) -1 }}
{{- /* One newline at the end, as Helm prints it: a block of text that ends there keeps it. */}}
{{- with printf "%s\\n" (trim .) | fromYaml }}
{{- if and .Error (not .kind) }}{{ fail .Error }}{{ end }}
{{- $objects = append $objects . }}
{{- end }}
{{- end }}
# item {{ $index }} {{ toJson $objects }}
{{- end }}
"""


@dataclass(frozen=True)
class Item:
    """One release of a chart: `values` are what its values files hold, without the defaults."""

    chart: str
    release: str
    namespace: str
    values: Values


@dataclass(frozen=True)
class Rendered:
    """What became of an item: its objects, or why there are none."""

    item: Item
    objects: tuple[Object, ...] = ()
    problems: tuple[str, ...] = ()


def render(
    items: Iterable[Item],
    *,
    shared: Values | None = None,
    known: Mapping[str, Chart] | None = None,
    helm: Path | None = None,
    kubernetes: str = KUBERNETES,
    chunk: int = CHUNK,
) -> Iterator[Rendered]:
    """Render `items`, in their order; a few chunks are under way at a time, so memory stays small.

    `shared` are values that every item has (the organisation's), below those of the item. `known`
    are the charts (default: those of this installation), `helm` is the program (default: the one on
    PATH).

    An item that its chart refuses comes back with problems; the others are not touched by it.
    Raises GitopsError for a chart that is not there or cannot be read, ToolMissing without Helm,
    ToolTimeout.
    """
    program = helm or catalogue.require("helm")
    known = charts.find() if known is None else known
    with state.scratch() as home, ThreadPoolExecutor(WORKERS) as pool:
        batch = _Batch(program, home, known, dict(shared or {}), kubernetes)
        batch.assemble()
        waiting: deque[Future[list[Rendered]]] = deque()
        try:
            for part in _parts(items, chunk):
                waiting.append(pool.submit(batch.render, part))
                if len(waiting) > 2 * WORKERS:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while part := list(itertools.islice(rest, size)):
        yield part


class _Batch:
    def __init__(
        self,
        helm: Path,
        home: Path,
        known: Mapping[str, Chart],
        shared: dict[str, Any],
        kubernetes: str,
    ) -> None:
        self.helm, self.home, self.known = helm, home, known
        self.shared, self.kubernetes = shared, kubernetes
        self.chart = home / "batch"
        # Plugins, settings and the cluster of a user have no say in what is rendered.
        mine = {name: value for name, value in clean_env().items() if not name.startswith("HELM_")}
        folders = {f"HELM_{kind}_HOME": str(home) for kind in ("CACHE", "CONFIG", "DATA")}
        self.env = {**mine, **folders, "KUBECONFIG": os.devnull}
        self.counter = itertools.count()
        self.seen: set[str] = set()  # charts that have looked at the shared values once

    def assemble(self) -> None:
        """Write the scratch chart: the named templates of all charts, and the loop over items."""
        templates = self.chart / "templates"
        templates.mkdir(parents=True)
        (self.chart / "Chart.yaml").write_text("{apiVersion: v2, name: batch, version: 0.0.0}\n")
        (templates / "batch.yaml").write_text(_LOOP)
        for chart in self.known.values():
            for name, text in chart.templates.items():
                (templates / f"_{name.replace('/', '')}").write_text(text)
        common = {
            "values": {
                name: charts.over(it.defaults, self.shared) for name, it in self.known.items()
            },
            "about": {
                name: {key[0].upper() + key[1:]: value for key, value in it.about.items()}
                for name, it in self.known.items()
            },
        }
        (self.chart / "values.yaml").write_text(json.dumps(common))

    def render(self, items: Sequence[Item]) -> list[Rendered]:
        """The items of one chunk, in their order."""
        checked = [self._checked(item) for item in items]
        good = [index for index, it in enumerate(checked) if not it.problems]
        done = self._called([items[index] for index in good])
        for index, it in zip(good, done, strict=True):
            checked[index] = it
        return checked

    def _checked(self, item: Item) -> Rendered:
        chart = self.known.get(item.chart)
        if chart is None:
            raise GitopsError(f"no chart {item.chart}; there are: {', '.join(self.known)}")
        known = self.shared.keys() - item.values.keys() if item.chart in self.seen else ()
        problems = chart.objections(self._values(item), known)
        if not problems:
            self.seen.add(item.chart)
        return Rendered(item, problems=tuple(problems))

    def _called(self, items: Sequence[Item]) -> list[Rendered]:
        """Helm's answer; when it refuses, halves are tried until those that it means are alone."""
        if not items:
            return []
        file = self.home / f"items-{next(self.counter)}.json"
        file.write_text(json.dumps({"items": [self._told(item) for item in items]}))
        argv: list[str | Path] = [self.helm, "template", "batch", self.chart, "--values", file]
        argv += ["--kube-version", self.kubernetes]
        done = run(argv, timeout=_TIMEOUT, cwd=self.home, env=self.env)
        file.unlink()
        if done.ok:
            return _read(items, done.stdout)
        if len(items) > 1:
            half = len(items) // 2
            return self._called(items[:half]) + self._called(items[half:])
        return [Rendered(items[0], problems=(_reason(done.stderr),))]

    def _told(self, item: Item) -> dict[str, Any]:
        """The item as the loop reads it: of its values what differs from those of all items."""
        values = self._values(item)
        return {
            "chart": item.chart,
            "release": item.release,
            "namespace": item.namespace,
            "values": {key: values[key] for key in item.values if key in values},
            "without": [key for key in item.values if key not in values],
        }

    def _values(self, item: Item) -> dict[str, Any]:
        defaults = self.known[item.chart].defaults
        return charts.over(defaults, charts.merged(self.shared, item.values))


def _read(items: Sequence[Item], text: str) -> list[Rendered]:
    found = []
    for line in text.splitlines():
        if line.startswith(_MARK):
            number, _, content = line.removeprefix(_MARK).partition(" ")
            found.append(Rendered(items[int(number)], tuple(json.loads(content))))
    if len(found) != len(items):
        raise GitopsError(f"Helm rendered {len(found)} of {len(items)} items, and did not say why")
    return found


def _reason(said: str) -> str:
    """Why Helm refused, without the places in the scratch chart that nobody else has."""
    text = " ".join(line.strip() for line in said.splitlines() if line.startswith("Error: "))
    text = text or " ".join(said.split())
    if "execution error at " in text:  # a template said `fail` or `required`
        return text.partition("execution error at ")[2].partition("): ")[2]
    place = text.rfind("executing ")
    return text[place if place >= 0 else 0 :].removeprefix("Error: ")
