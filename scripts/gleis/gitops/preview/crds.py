"""From a CustomResourceDefinition to JSON Schemas that catch misspelt fields.

A CRD says which fields there are, and the API server drops all others without a word. So what comes
out is closed: an object refuses what it does not name, unless the CRD keeps unknown fields
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gleis.gitops.errors import GitopsError

_DROPPED = ("description", "example", "externalDocs", "title")
_KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
_WHOLE_OBJECT = "x-kubernetes-embedded-resource"
_MAX_DEPTH = 100


def schemas(definition: Any) -> Iterator[tuple[str, str, str, Any]]:
    """Group, kind, version and JSON Schema of every served version. Raises GitopsError."""
    if not isinstance(definition, dict) or definition.get("kind") != "CustomResourceDefinition":
        raise GitopsError("this is no CustomResourceDefinition")
    try:
        spec = definition["spec"]
        group, kind = str(spec["group"]), str(spec["names"]["kind"])
        for version in spec["versions"]:
            if version.get("served", True):
                name = str(version["name"])
                said = version["schema"]["openAPIV3Schema"]
                yield group, kind, name, _top(closed(said), f"{group}/{name}", kind)
    except (KeyError, TypeError, AttributeError) as error:
        raise GitopsError(f"this CustomResourceDefinition lacks {error}") from None


def _top(schema: Any, api: str, kind: str) -> Any:
    properties = {
        **schema.get("properties", {}),
        "apiVersion": {"const": api},
        "kind": {"const": kind},
        "metadata": {"type": "object"},
    }
    required = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
    return {**schema, "properties": properties, "required": required, "additionalProperties": False}


def closed(schema: Any, depth: int = 0) -> Any:
    """An OpenAPI v3 schema as a JSON Schema whose objects take only what they name."""
    if depth > _MAX_DEPTH:
        raise GitopsError("this schema is nested too deeply")
    if not isinstance(schema, dict):
        return schema
    found = {key: each for key, each in schema.items() if key not in _DROPPED and key != "nullable"}
    if "properties" in found:
        found["properties"] = {
            key: closed(each, depth + 1) for key, each in found["properties"].items()
        }
    for key in ("items", "additionalProperties", "not"):
        if key in found:
            found[key] = closed(found[key], depth + 1)
    # What stands in these says more of the same object, and names only what it says something of.
    for key in ("allOf", "anyOf", "oneOf"):
        if key in found:
            found[key] = [_open(each, depth + 1) for each in found[key]]
    if schema.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
        found.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if schema.get(_WHOLE_OBJECT):
        for key in ("apiVersion", "kind", "metadata"):
            found.setdefault("properties", {}).setdefault(key, True)
    if _closes(found):
        found["additionalProperties"] = False
    if schema.get("nullable"):
        found = {"anyOf": [found, {"type": "null"}]}
    return found


def _closes(schema: dict[str, Any]) -> bool:
    return (
        "properties" in schema
        and "additionalProperties" not in schema
        and not schema.get(_KEEPS_UNKNOWN)
    )


def _open(schema: Any, depth: int) -> Any:
    """As `closed`, but without closing: part of a schema that is closed elsewhere."""
    if depth > _MAX_DEPTH:
        raise GitopsError("this schema is nested too deeply")
    if isinstance(schema, dict):
        return {key: _open(each, depth + 1) for key, each in schema.items() if key not in _DROPPED}
    if isinstance(schema, list):
        return [_open(each, depth + 1) for each in schema]
    return schema
