"""The parameter sets that an ApplicationSet's generators would give, from files alone.

Known: git (files), list, clusters, matrix, merge. What they do is Argo CD's
(https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators/); another one
is refused by its name, because nobody could tell offline what it gives.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import PurePosixPath
from typing import Any

from gleis.gitops.errors import GitopsError

Parameters = dict[str, Any]
Templated = Callable[[list[tuple[Any, Parameters]]], list[Any]]
_BESIDE = ("template", "selector")  # what stands beside the one generator of an entry


class Unsupported(GitopsError):
    """A generator, or an option of one, that cannot be evaluated offline."""


@dataclass(frozen=True)
class ClusterFacts:
    """What the secret of a cluster tells Argo CD about it."""

    name: str
    server: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    project: str = ""


@dataclass(frozen=True)
class World:
    """What generators look at: `names` of all files, `load` for the data of some of them,
    `templated` for (value with templates, parameters) pairs evaluated."""

    names: Set[str]
    load: Callable[[Sequence[str]], dict[str, Any]]
    clusters: Sequence[ClusterFacts]
    templated: Templated


def parameters(generators: Sequence[Any], world: World) -> list[Parameters]:
    """All parameter sets of `spec.generators`, in Argo CD's order. Raises Unsupported."""
    found: list[Parameters] = []
    for generator in generators:
        found += _of(generator, world, [{}])[0]
    return found


def _of(generator: Any, world: World, given: list[Parameters]) -> list[list[Parameters]]:
    """The sets of one generator for each of the sets that an outer matrix has already."""
    kinds = [name for name in generator if name not in _BESIDE]
    if len(kinds) != 1:
        raise GitopsError(f"a generator has to be one of a kind, not {', '.join(kinds) or 'none'}")
    (kind,) = kinds
    if kind not in _KNOWN:
        raise Unsupported(
            f"the generator {kind} cannot be evaluated offline. Known: {', '.join(sorted(_KNOWN))}"
        )
    said = generator[kind] or {}
    if generator.get("template") or (isinstance(said, dict) and said.get("template")):
        raise Unsupported(f"the generator {kind} has a template of its own: write it into the set")
    if _has_template(said) and any(given):
        asked = world.templated([(said, each) for each in given])
        sets = [_KNOWN[kind](each, world) for each in asked]
    else:
        once = _KNOWN[kind](said, world)
        sets = [copy.deepcopy(once) for _ in given] if len(given) > 1 else [once]
    if generator.get("selector"):
        wanted = generator["selector"]
        sets = [[each for each in some if _selects(wanted, _flat(each))] for some in sets]
    return sets


def _has_template(value: Any) -> bool:
    return "{{" in json.dumps(value)


def _git(said: Any, world: World) -> list[Parameters]:
    if said.get("directories"):
        raise Unsupported("the generator git of directories cannot be evaluated offline: use files")
    chosen: set[str] = set()
    for keep in (True, False):
        for each in said.get("files", []):
            if bool(each.get("exclude")) != keep:
                found = _matching(each["path"], world.names)
                chosen = chosen | found if keep else chosen - found
    names = sorted(chosen)
    loaded = world.load(names)
    found_sets: list[Parameters] = []
    for name in names:
        if name not in loaded:
            continue  # it is broken, which has been said
        data = loaded[name]
        for each in data if isinstance(data, list) else [data or {}]:
            place = {"path": _path(name)}
            prefix = said.get("pathParamPrefix")
            found_sets.append({**each, **({prefix: place} if prefix else place)})
    return _with_values(said, found_sets, world)


def _matching(path: str, names: Set[str]) -> set[str]:
    """As git's pathspecs have it, which Argo CD asks: `*` crosses folders."""
    if not set(path) & set("*?["):
        below = f"{path.rstrip('/')}/"
        return {path} if path in names else {each for each in names if each.startswith(below)}
    pattern = re.compile(translate(path))
    return {name for name in names if pattern.match(name)}


def _path(name: str) -> dict[str, Any]:
    folder = PurePosixPath(name).parent
    file = PurePosixPath(name).name
    return {
        "path": str(folder),
        "basename": folder.name,
        "filename": file,
        "basenameNormalized": _normalized(folder.name),
        "filenameNormalized": _normalized(file),
        "segments": list(folder.parts),
    }


def _normalized(name: str) -> str:
    """A name as Argo CD makes it fit for an object: lower case, at most 253 characters."""
    return re.sub(r"[^-a-z0-9.]", "-", name.lower())[:253].strip("-.")


def _list(said: Any, world: World) -> list[Parameters]:
    del world  # it looks at nothing
    if said.get("elementsYaml"):
        raise Unsupported("the generator list with elementsYaml cannot be evaluated offline")
    return [copy.deepcopy(each) for each in said.get("elements", [])]


def _clusters(said: Any, world: World) -> list[Parameters]:
    if said.get("flatList"):
        raise Unsupported("the generator clusters with flatList cannot be evaluated offline")
    selector = said.get("selector") or {}
    found: list[Parameters] = [
        {
            "name": each.name,
            "nameNormalized": _normalized(each.name),
            "server": each.server,
            "project": each.project,
            "metadata": {"labels": dict(each.labels), "annotations": dict(each.annotations)},
        }
        for each in world.clusters
        if _selects(selector, each.labels)
    ]
    return _with_values(said, found, world)


def _with_values(said: Any, sets: list[Parameters], world: World) -> list[Parameters]:
    values = said.get("values")
    if values:
        made = world.templated([(values, each) for each in sets])
        for each, value in zip(sets, made, strict=True):
            each["values"] = value
    return sets


def _matrix(said: Any, world: World) -> list[Parameters]:
    first, *others = said.get("generators", [])
    if not others:
        raise GitopsError("the generator matrix needs two generators at least")
    sets = _of(first, world, [{}])[0]
    for generator in others:
        if not sets:
            return []
        theirs = _of(generator, world, sets)
        sets = [
            _merged(one, other)  # what came first is not replaced
            for one, some in zip(sets, theirs, strict=True)
            for other in some
        ]
    return sets


def _merge(said: Any, world: World) -> list[Parameters]:
    keys = said.get("mergeKeys") or []
    first, *others = said.get("generators", [])
    if not keys or not others:
        raise GitopsError("the generator merge needs mergeKeys and two generators at least")
    base = _of(first, world, [{}])[0]
    for generator in others:
        by_key: dict[str, Parameters] = {}
        for each in _of(generator, world, [{}])[0]:
            key = _merge_key(each, keys)
            if key in by_key:
                raise GitopsError(f"the generator merge has {key} twice: mergeKeys must tell apart")
            by_key[key] = each
        base = [_merged(by_key.get(_merge_key(each, keys), {}), each) for each in base]
    return base


def _merge_key(each: Parameters, keys: Sequence[str]) -> str:
    return json.dumps({key: each.get(key) for key in keys}, sort_keys=True)


def _merged(strong: Parameters, weak: Parameters) -> Parameters:
    """Both, mapping by mapping; where both say something, `strong` does."""
    result = dict(weak)
    for key, value in strong.items():
        other = result.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            value = _merged(value, other)
        result[key] = value
    return result


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, each in value.items():
        if isinstance(each, dict):
            found |= _flat(each, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = each if isinstance(each, str) else json.dumps(each)
    return found


def _selects(selector: Any, labels: dict[str, str]) -> bool:
    """Whether a label selector fits, as Kubernetes reads it."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or []:
        there, values = labels.get(rule["key"]), rule.get("values") or []
        fits = {
            "In": there in values,
            "NotIn": there not in values,
            "Exists": there is not None,
            "DoesNotExist": there is None,
        }
        if rule["operator"] not in fits:
            raise GitopsError(f"a selector has the operator {rule['operator']!r}")
        if not fits[rule["operator"]]:
            return False
    return True


_KNOWN: dict[str, Callable[[Any, World], list[Parameters]]] = {
    "git": _git,
    "list": _list,
    "clusters": _clusters,
    "matrix": _matrix,
    "merge": _merge,
}
