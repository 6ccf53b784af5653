"""Objects held against what Kubernetes and the custom resources accept, strictly and fast.

Kubernetes' own kinds come out of the package kubernetes-validate, custom ones out of the folder
that GLEIS_CRD_SCHEMAS names, else of ../shared/crds beside this checkout. A kind that neither
knows is named in `Verdict.unknown`, never passed over.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from .programs import REPO

VERSIONS = ("1.34", "1.35")  # of Kubernetes: those that the platform is built for

_URI = "/api/_definitions.json"  # as the schemas refer to each other
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_AMOUNT = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]"
)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LOOSE_NAMES = ("rbac.authorization.k8s.io",)  # their names may hold colons


@dataclass
class Verdict:
    """What is wrong with objects, and the kinds that could not be validated."""

    problems: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


def crds() -> Path | None:
    """The folder of the schemas of custom resources, None where there is none."""
    told = os.environ.get("GLEIS_CRD_SCHEMAS")
    if told:
        return Path(told)
    for parent in REPO.parents:  # a worktree lies deeper than the checkout
        if (parent / "shared" / "crds").is_dir():
            return parent / "shared" / "crds"
    return None


def validate(objects: Iterable[Any], versions: Iterable[str] = VERSIONS) -> Verdict:
    """Everything that the API servers of these versions would refuse by its shape alone."""
    verdict = Verdict()
    for item in objects:
        name = title(item)
        verdict.problems += [f"{name}: {each}" for each in _metadata(item)]
        for version in versions:
            validator, where = _validator(item["apiVersion"], item["kind"], version)
            if validator is None:
                verdict.unknown.add(f"{item['apiVersion']} {item['kind']} ({version})")
                continue
            wrong = [*validator.iter_errors(item)]
            if where != "kubernetes":  # a CRD's schema says of metadata that it is an object
                wrong += _meta(version).iter_errors(item["metadata"])
            verdict.problems += [f"{name} ({version}): {_told(each)}" for each in wrong]
    return verdict


def title(item: Any) -> str:
    """Kind, namespace and name of an object, to call it by."""
    meta = item.get("metadata", {})
    return f"{item.get('kind')} {meta.get('namespace', '-')}/{meta.get('name')}"


def _told(error: Any) -> str:
    path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}"
                   for each in error.instance_path)  # fmt: skip
    return f"{path.lstrip('.') or 'the object'}: {error.message}"


def _metadata(item: Any) -> Iterator[str]:
    """What API servers check about names and labels that no schema says."""
    meta = item.get("metadata") or {}
    name = meta.get("name", "")
    loose = item["apiVersion"].partition("/")[0] in _LOOSE_NAMES
    if not loose and not (_NAME.fullmatch(name) and len(name) <= 253):
        yield f"metadata.name {name!r} is no DNS-1123 name of at most 253 characters"
    if "namespace" in meta and not (
        _NAME.fullmatch(meta["namespace"]) and len(meta["namespace"]) <= 63
    ):
        yield f"metadata.namespace {meta['namespace']!r} is no DNS-1123 label"
    for where, labels in _labels(item, ""):
        for key, value in labels.items():
            if not _LABEL_KEY.fullmatch(key):
                yield f"{where}: {key!r} is no key of a label"
            elif not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
                yield f"{where}.{key}: {value!r} is no value of a label"
    for key, value in (meta.get("annotations") or {}).items():
        if not _LABEL_KEY.fullmatch(key):
            yield f"metadata.annotations: {key!r} is no key of an annotation"
        elif not isinstance(value, str):
            yield f"metadata.annotations.{key}: {value!r} is no text"


def _labels(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of labels below `node`: those of the object, of its pods and of selectors."""
    if isinstance(node, dict):
        for key, value in node.items():
            below = f"{path}.{key}" if path else key
            if isinstance(value, dict) and (
                key == "matchLabels" or (key == "labels" and path.endswith("metadata"))
            ):
                yield below, value
            else:
                yield from _labels(value, below)
    elif isinstance(node, list):
        for number, each in enumerate(node):
            yield from _labels(each, f"{path}[{number}]")


@cache
def _validator(api: str, kind: str, version: str) -> tuple[Any, str]:
    """The compiled validator of a kind, and whether it is of Kubernetes or a custom resource's."""
    found = _kubernetes(api, kind, version)
    if found is not None:
        return found, "kubernetes"
    return _custom(api, kind), "custom"


@cache
def _custom(api: str, kind: str) -> Any:
    group, _, version = api.rpartition("/")
    folder = crds()
    file = folder / group / f"{kind.lower()}_{version}.json" if folder and group else None
    if file is None or not file.is_file():
        return None
    return jsonschema_rs.validator_for(json.loads(file.read_text()))


def _kubernetes(api: str, kind: str, version: str) -> Any:
    group, _, bare = api.rpartition("/")
    words = [kind.lower(), *([group.split(".")[0]] if group else []), bare]
    file = _folder(version) / f"{'-'.join(words)}.json"
    if not file.is_file():
        return None
    schema = json.loads(file.read_text())
    # Two groups may begin with the same word; the file says which one it is of.
    said = schema.get("x-kubernetes-group-version-kind", [{}])
    if not any(each.get("group", group) == group for each in said):
        return None
    return _compiled(schema, version)


@cache
def _meta(version: str) -> Any:
    return _compiled({"$ref": f"{_URI}#/$defs/{_META}"}, version)


def _compiled(schema: Any, version: str) -> Any:
    return jsonschema_rs.validator_for(schema, registry=_definitions(version))


@cache
def _definitions(version: str) -> Any:
    content = json.loads((_folder(version) / "_definitions.json").read_text())
    # The published schema takes any text for an amount.
    content["$defs"][_QUANTITY] = {"type": ["string", "number"], "pattern": _AMOUNT}
    # The name that kinds refer to it by, seen from a schema with a $id and from one without.
    return jsonschema_rs.Registry([(content["$id"], content), (f"json-schema://{_URI}", content)])


@cache
def _folder(version: str) -> Path:
    import kubernetes_validate

    package = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    return package / f"v{version}.0-local-strict"
