"""What an Application is made of: charts with values, folders of manifests, what lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from gleis.gitops.charts import merged
from gleis.gitops.preview.applicationsets import Application


@dataclass(frozen=True)
class ChartSource:
    """A chart of this platform: its folder, its release, the files and words that give values."""

    folder: str
    release: str
    files: tuple[str, ...]
    inline: Mapping[str, Any]


@dataclass(frozen=True)
class ManifestSource:
    """Manifests of this platform, by file."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Elsewhere:
    """What cannot be looked at from here, such as a chart in somebody else's repository."""

    what: str


@dataclass(frozen=True)
class Broken:
    """A source that names something that is not there."""

    why: str


Source = ChartSource | ManifestSource | Elsewhere | Broken


def destination(application: Application) -> tuple[str, str]:
    """The cluster (by name, else by address) and the namespace that it goes to."""
    said = application.content["spec"].get("destination") or {}
    return str(said.get("name") or said.get("server") or ""), str(said.get("namespace") or "")


def repositories(application: Application) -> list[str]:
    """Every address that it comes from."""
    return [str(each.get("repoURL", "")) for each in _sources(application)]


class Files:
    """All files there are, by name and by folder."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._below: dict[str, list[str]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def below(self, folder: str) -> list[str]:
        """The files in a folder, at any depth; looked for once."""
        if folder not in self._below:
            start = f"{folder}/"
            self._below[folder] = sorted(name for name in self.names if name.startswith(start))
        return self._below[folder]


def of(application: Application, files: Files) -> Iterator[Source]:
    """The sources of an Application that render something."""
    for each in _sources(application):
        if each.get("ref") and not each.get("path") and not each.get("chart"):
            continue  # it only lends its files to others
        if each.get("chart"):
            yield Elsewhere(f"chart {each['chart']} of {each.get('repoURL')}")
            continue
        folder = str(each.get("path", "")).strip("/")
        below = files.below(folder) if folder else []
        if not below:
            yield Broken(f"the path {folder or '(none)'} is not there")
        elif f"{folder}/Chart.yaml" in files:
            yield _chart(each, folder, application, files)
        elif f"{folder}/kustomization.yaml" in files:
            yield Elsewhere(f"kustomization {folder}")
        else:
            yield _manifests(each, folder, below)


def _sources(application: Application) -> list[Any]:
    spec = application.content["spec"]
    return list(spec.get("sources") or ([spec["source"]] if spec.get("source") else []))


def _chart(each: Any, folder: str, application: Application, there: Files) -> Source:
    import yaml

    helm = each.get("helm") or {}
    files = []
    for said in helm.get("valueFiles") or []:
        ref, _, path = str(said).partition("/")
        name = path if ref.startswith("$") else str(PurePosixPath(folder, said))
        if ".." in PurePosixPath(name).parts:
            return Broken(f"the values file {said} leads out of the repository")
        if name in there:
            files.append(name)
        elif not helm.get("ignoreMissingValueFiles"):
            return Broken(f"the values file {said} is not there")
    inline: dict[str, Any] = {}
    if helm.get("valuesObject"):
        inline = dict(helm["valuesObject"])
    elif helm.get("values"):
        try:
            loaded = yaml.safe_load(helm["values"])
        except yaml.YAMLError as error:
            return Broken(f"helm.values is not valid YAML: {' '.join(str(error).split())[:200]}")
        inline = loaded or {}
    for parameter in helm.get("parameters") or []:
        if "[" in str(parameter.get("name")) or "\\" in str(parameter.get("name")):
            return Elsewhere(f"helm.parameters {parameter['name']} of {folder}")
        value: Any = parameter.get("value", "")
        for step in reversed(str(parameter["name"]).split(".")):
            value = {step: value}
        inline = merged(inline, value)
    if not isinstance(inline, dict):
        return Broken("helm.values is no mapping")
    return ChartSource(folder, helm.get("releaseName") or application.name, tuple(files), inline)


def _manifests(each: Any, folder: str, below: list[str]) -> Source:
    said = each.get("directory") or {}
    chosen = []
    for name in below:
        inner = name.removeprefix(f"{folder}/")
        if not inner.endswith((".yaml", ".yml", ".json")):
            continue
        if "/" in inner and not said.get("recurse"):
            continue
        if said.get("include") and not _fits(inner, said["include"]):
            continue
        if said.get("exclude") and _fits(inner, said["exclude"]):
            continue
        chosen.append(name)
    return ManifestSource(tuple(chosen))


def _fits(name: str, pattern: str) -> bool:
    """As Argo CD's `directory.include`: a glob, or several in braces."""
    choices = pattern[1:-1].split(",") if pattern[:1] == "{" and pattern[-1:] == "}" else [pattern]
    return any(fnmatchcase(name, each.strip()) for each in choices)


def documents(text: str) -> tuple[Any, ...]:
    """The objects of a file with many documents; empty ones are left out. Raises YAMLError."""
    import yaml

    found: list[Any] = []
    for each in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(each, dict) and each.get("kind") == "List":
            found += each.get("items") or []
        elif each is not None:
            found.append(each)
    return tuple(found)
