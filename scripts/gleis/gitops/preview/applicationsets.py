"""From ApplicationSets to the Applications that Argo CD would make of them."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import generators, gotemplate, kept
from gleis.gitops.preview.generators import ClusterFacts, Parameters, World
from gleis.gitops.preview.helm import Helm
from gleis.gitops.preview.kept import Kept

_WANTED_OPTION = "missingkey=error"


@dataclass(frozen=True)
class ApplicationSet:
    """One object of this kind, and the file that it stands in."""

    name: str
    file: str
    spec: Any


@dataclass(frozen=True)
class Application:
    """What an ApplicationSet makes of one parameter set."""

    content: Any
    by: str
    file: str

    @property
    def name(self) -> str:
        return str(self.content["metadata"].get("name", ""))


class Refused(GitopsError):
    """An ApplicationSet that cannot be evaluated; `file` is where it stands."""

    exit_code = 1

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file}: {message}")
        self.file, self.message = file, message


def find(documents: dict[str, list[Any]]) -> list[ApplicationSet]:
    """The ApplicationSets among the objects of files. Raises Refused for one of another engine."""
    found = []
    for file, objects in sorted(documents.items()):
        for each in objects:
            if not isinstance(each, dict) or each.get("kind") != "ApplicationSet":
                continue
            name = str((each.get("metadata") or {}).get("name", ""))
            spec = each.get("spec") or {}
            if not spec.get("goTemplate"):
                raise Refused(file, f"the ApplicationSet {name} lacks goTemplate: true")
            if _WANTED_OPTION not in (spec.get("goTemplateOptions") or []):
                raise Refused(
                    file, f"the ApplicationSet {name} lacks goTemplateOptions: [{_WANTED_OPTION}]"
                )
            found.append(ApplicationSet(name, file, spec))
    return found


class Evaluation:
    """Evaluates sets, with one call of Helm for all that is not kept already."""

    def __init__(self, helm: Helm, memory: Kept) -> None:
        self._helm, self._memory = helm, memory

    def applications(
        self,
        sets: Sequence[ApplicationSet],
        names: Set[str],
        load: Any,
        clusters: Sequence[ClusterFacts],
    ) -> list[Application]:
        """What the sets make of the files `names`, whose data `load` reads. Raises Refused."""
        world = World(names, load, clusters, self._templated)
        asked: list[tuple[ApplicationSet, Parameters]] = []
        for each in sets:
            try:
                found = generators.parameters(each.spec.get("generators") or [], world)
            except GitopsError as error:
                raise Refused(each.file, f"ApplicationSet {each.name}: {error}") from None
            asked += [(each, parameters) for parameters in found]
        contents = self._contents(asked)
        return [
            Application(content, each.name, each.file)
            for (each, _), content in zip(asked, contents, strict=True)
        ]

    def _contents(self, asked: list[tuple[ApplicationSet, Parameters]]) -> list[Any]:
        try:
            made = self._templated([(each.spec["template"], them) for each, them in asked])
        except gotemplate.TemplateFailed as error:
            each, parameters = asked[error.call or 0]
            wanted = gotemplate.fields(_texts(each.spec["template"]))
            raise Refused(
                each.file,
                f"ApplicationSet {each.name}, for {_where(parameters)}: {error}"
                + _lacking(wanted, parameters),
            ) from None
        return [_patched(each, content) for (each, _), content in zip(asked, made, strict=True)]

    def _templated(self, pairs: list[tuple[Any, Parameters]]) -> list[Any]:
        """Each value with its templates evaluated. Raises TemplateFailed, GitopsError."""
        templates: dict[str, tuple[int, Any, list[str]]] = {}
        marks: list[str] = []
        for value, _ in pairs:
            mark = json.dumps(value, sort_keys=True)
            marks.append(mark)
            if mark not in templates:
                templates[mark] = (len(templates), value, _texts(value))
        keys = [
            kept.key("go template", mark, parameters)
            for mark, (_, parameters) in zip(marks, pairs, strict=True)
        ]
        known = self._memory.get(keys)
        missing = [index for index, each in enumerate(keys) if each not in known]
        calls = [gotemplate.Call(templates[marks[index]][0], pairs[index][1]) for index in missing]
        try:
            texts = gotemplate.evaluate(
                self._helm, [list(each[2]) for each in templates.values()], calls
            )
        except gotemplate.TemplateFailed as error:
            error.call = missing[error.call] if error.call is not None else None
            raise
        new = {keys[index]: text for index, text in zip(missing, texts, strict=True)}
        self._memory.put(new)
        known |= new
        return [
            _filled(templates[mark][1], iter(known[each]))
            for mark, each in zip(marks, keys, strict=True)
        ]


def _patched(each: ApplicationSet, content: Any) -> Any:
    if each.spec.get("templatePatch"):
        raise Refused(
            each.file,
            f"ApplicationSet {each.name} has a templatePatch, which is not evaluated offline: "
            "write it into the template",
        )
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **content}


def _texts(value: Any) -> list[str]:
    """Every text with a template in it, in the order in which `_filled` takes them."""
    if isinstance(value, str):
        return [value] if "{{" in value else []
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []


def _filled(value: Any, texts: Any) -> Any:
    if isinstance(value, str):
        return next(texts) if "{{" in value else value
    if isinstance(value, dict):
        return {_filled(key, texts): _filled(each, texts) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, texts) for each in value]
    return value


def _where(parameters: Parameters) -> str:
    place = parameters.get("path")
    if isinstance(place, dict):
        return f"{place.get('path')}/{place.get('filename')}"
    return str(parameters.get("name") or "a parameter set")


def _lacking(wanted: set[str], parameters: Parameters) -> str:
    lacking = []
    for each in sorted(wanted):
        found: Any = parameters
        for step in each.split(".")[1:]:
            if not isinstance(found, dict) or step not in found:
                lacking.append(each)
                break
            found = found[step]
    return f" ({', '.join(lacking[:5])})" if lacking else ""
