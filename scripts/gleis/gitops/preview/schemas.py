"""Schemas of objects: Kubernetes' own for each version, and those of custom resources.

Kubernetes' come with the package kubernetes-validate (extra `gitops`). Those of custom resources
lie in a folder, `<group>/<kind in lower case>_<version>.json`: the one that GLEIS_CRD_SCHEMAS
names, else ../shared/crds, else what `gleis gitops fetch-schemas` has fetched. Gleis carries none.
"""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import kept
from gleis.gitops.preview.helm import KUBERNETES
from gleis.tools.environments import cache_dir

VARIABLE = "GLEIS_CRD_SCHEMAS"
_SHARED = Path("shared") / "crds"
_DEFINITIONS = "/api/_definitions.json"  # what Kubernetes' schemas call each other by
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_AMOUNT = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
_MAX_SAID = 5  # errors of one object: the rest is mostly the same mistake again


def fetched() -> Path:
    """Where `gleis gitops fetch-schemas` puts them."""
    return cache_dir() / "crd-schemas"


def folder(beside: Path) -> Path | None:
    """The folder of custom resources' schemas, None where there is none.

    `beside` is the platform's checkout. Raises GitopsError when the variable names no folder.
    """
    told = os.environ.get(VARIABLE)
    if told:
        if not Path(told).is_dir():
            raise GitopsError(f"{VARIABLE} is {told}, which is no folder")
        return Path(told).resolve()
    for parent in (beside, *beside.parents)[1:4]:  # a worktree lies deeper than a checkout
        if (parent / _SHARED).is_dir():
            return parent / _SHARED
    return fetched() if fetched().is_dir() else None


@dataclass(frozen=True)
class Verdict:
    """What the schemas say of an object: by version its mistakes, or that nobody knows the kind.

    `removed` names the versions of Kubernetes whose own group has no such apiVersion and kind.
    """

    mistakes: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unknown: bool = False


class Schemas:
    """Compiled validators, made when a kind is first met."""

    def __init__(self, custom: Path | None, versions: tuple[str, ...] = KUBERNETES) -> None:
        """`custom` is the folder of custom resources' schemas."""
        self.custom, self.versions = custom, versions
        self._packed = _packed()

    def digest(self) -> str:
        """One name for all that a verdict depends on."""
        import jsonschema_rs
        import kubernetes_validate

        files: list[Any] = []
        if self.custom:
            for file in sorted(self.custom.glob("*/*.json")):
                facts = file.stat()
                files.append((file.parent.name, file.name, facts.st_size, facts.st_mtime_ns))
        programs = (kubernetes_validate.__version__, getattr(jsonschema_rs, "__version__", ""))
        return kept.key(self.versions, programs, files)

    def verdict(self, item: Any) -> Verdict:
        """Whether API servers of all versions would take the shape of `item`."""
        api, kind = str(item.get("apiVersion", "")), str(item.get("kind", ""))
        mistakes: dict[str, list[str]] = {}
        removed: list[str] = []
        known = False
        for version in self.versions:
            own = self._own(api, kind, version)
            validator = own or self._custom(api, kind)
            if validator is None:
                if self._is_own_group(api, version):
                    removed.append(version)
                continue
            known = True
            errors = list(validator.iter_errors(item))
            if own is None:  # a CRD's schema says of metadata that it is an object
                errors += self._meta(version).iter_errors(item.get("metadata") or {})
            for error in errors:
                mistakes.setdefault(_told(error), []).append(version)
        said = [
            text if len(where) == len(self.versions) else f"{text} (Kubernetes {', '.join(where)})"
            for text, where in list(mistakes.items())[:_MAX_SAID]
        ]
        return Verdict(tuple(said), tuple(removed), not known and not removed)

    @functools.cache  # noqa: B019 - one for the whole of a process
    def _own(self, api: str, kind: str, version: str) -> Any:
        group, _, bare = api.rpartition("/")
        words = [kind.lower(), *([group.split(".")[0]] if group else []), bare]
        name = "-".join(words)
        if not name.replace("-", "").isalnum():
            return None
        file = self._folder(version) / f"{name}.json"
        if not file.is_file():
            return None
        schema = json.loads(file.read_bytes())
        # Two groups may begin with the same word; the file says which one it is of.
        said = schema.get("x-kubernetes-group-version-kind") or [{}]
        if not any(each.get("group", group) == group for each in said):
            return None
        return self._compiled(schema, version)

    @functools.cache  # noqa: B019
    def _custom(self, api: str, kind: str) -> Any:
        import jsonschema_rs

        group, _, bare = api.rpartition("/")
        if not self.custom or not group or "/" in group or ".." in group or "/" in kind:
            return None
        file = self.custom / group / f"{kind.lower()}_{bare}.json"
        if not file.is_file():
            return None
        try:
            return jsonschema_rs.validator_for(json.loads(file.read_bytes()))
        except ValueError as error:
            raise GitopsError(f"{file} is no schema ({error}): fetch it again") from None

    @functools.cache  # noqa: B019
    def _meta(self, version: str) -> Any:
        return self._compiled({"$ref": f"{_DEFINITIONS}#/$defs/{_META}"}, version)

    def _is_own_group(self, api: str, version: str) -> bool:
        """Whether Kubernetes itself serves the group, so that no custom resource can be meant."""
        return api.rpartition("/")[0] in self._groups(version)

    @functools.cache  # noqa: B019
    def _groups(self, version: str) -> frozenset[str]:
        content = json.loads((self._folder(version) / "_definitions.json").read_bytes())
        return frozenset(
            each.get("group", "")
            for definition in content["$defs"].values()
            for each in definition.get("x-kubernetes-group-version-kind") or []
        )

    def _compiled(self, schema: Any, version: str) -> Any:
        import jsonschema_rs

        return jsonschema_rs.validator_for(schema, registry=self._definitions(version))

    @functools.cache  # noqa: B019
    def _definitions(self, version: str) -> Any:
        import jsonschema_rs

        content = json.loads((self._folder(version) / "_definitions.json").read_bytes())
        # The published schema takes any text for an amount.
        content["$defs"][_QUANTITY] = {"type": ["string", "number"], "pattern": _AMOUNT}
        names = (content["$id"], f"json-schema://{_DEFINITIONS}")
        return jsonschema_rs.Registry([(name, content) for name in names])

    def _folder(self, version: str) -> Path:
        return self._packed / f"v{version}.0-local-strict"


def _packed() -> Path:
    try:
        import kubernetes_validate
    except ImportError:
        raise GitopsError(
            "the schemas of Kubernetes are not here: install gleis with its extra, such as "
            "pip install 'gleis[gitops]'"
        ) from None
    return Path(str(kubernetes_validate.__file__)).parent / "kubernetes-json-schema"


def _told(error: Any) -> str:
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
    )
    message = str(error.message)
    return f"{path.lstrip('.') or 'the object'}: {message[:200]}"
