"""The records of all tenants at one point in time, and what is wrong with each by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from gleis.contract import ContractError, document, typed
from gleis.contract.problem import shown
from gleis.findings.finding import Finding
from gleis.gitops.preview import kept
from gleis.gitops.preview.finding import finding
from gleis.gitops.preview.kept import Kept
from gleis.gitops.preview.tree import Tree, touches
from gleis.gitops.records import ENVIRONMENTS, PROJECT, Tenant, release_in, tenant_in

_OWN_RULES = {"tenant/folder": "folder", "tenant/environment": "environment-name"}


@dataclass(frozen=True)
class Entry:
    """One tenant, and the files that its record is in: by environment, and `project`."""

    tenant: Tenant
    files: dict[str, str]

    @property
    def folder(self) -> str:
        return self.files["project"].rpartition("/")[0]


@dataclass(frozen=True)
class Tenancy:
    """Every tenant whose record could be read, and what is wrong with the others."""

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    folders: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict, repr=False)


def read(
    tree: Tree,
    path: str,
    memory: Kept,
    *,
    only: frozenset[str] | None = None,
    done: Callable[[int], None] | None = None,
) -> Tenancy:
    """The records below `path`, those of the folders `only` where such are named.

    Files are untrusted; each is parsed once for its content.
    """
    found: list[Finding] = []
    folders: dict[str, dict[str, str]] = {}
    start = f"{path.strip('/')}/"
    for name, why in tree.refused.items():
        if touches(name, path):
            found.append(finding("file", f"{name} is {why}", name))
    for name in sorted(tree.below(path)):
        if only is not None and name.rpartition("/")[0] not in only:
            continue
        parts = PurePosixPath(name.removeprefix(start)).parts
        if len(parts) < 3 and not name.endswith((".yaml", ".yml")):
            continue  # a README, CODEOWNERS
        if len(parts) == 3 and parts[2] in _NAMES:
            folders.setdefault(start + "/".join(parts[:2]), {})[_NAMES[parts[2]]] = name
        elif name.endswith((".yaml", ".yml")) and len(parts) == 3:
            found.append(
                finding("environment", f"{shown(parts[2])} is no environment's file", name)
            )
        elif name.endswith((".yaml", ".yml")):
            found.append(finding("file", f"{name} is no record's place", name))
    files = [name for each in folders.values() for name in each.values()]
    parsed = _parsed(tree, files, memory, done)
    entries = []
    data: dict[str, Any] = {}
    for folder, names in sorted(folders.items()):
        for name in names.values():
            found += [Finding.from_dict(each) for each in parsed[name]["findings"]]
            if parsed[name]["data"] is not None:
                data[name] = parsed[name]["data"]
        if "project" not in names:
            found.append(finding("file", f"{folder} has no {PROJECT}", folder))
        elif names["project"] in data:
            tenant = typed.build(Tenant, data[names["project"]]["tenant"])
            entries.append(Entry(tenant, names))
    return Tenancy(tuple(entries), tuple(found), tuple(sorted(folders)), data)


_NAMES = {PROJECT: "project", **{f"{each}.yaml": each for each in ENVIRONMENTS}}


def _parsed(
    tree: Tree, names: Iterable[str], memory: Kept, done: Callable[[int], None] | None
) -> dict[str, dict[str, Any]]:
    """By file its data (None where it is broken) and findings."""
    keys = {name: kept.key("record", kept.code(), name, tree.blobs[name]) for name in names}
    known = memory.get(keys.values())
    missing = [name for name, each in keys.items() if each not in known]
    texts = tree.read(missing)
    new = {}
    for count, name in enumerate(missing, 1):
        new[keys[name]] = _parse(texts[name], name)
        if done:
            done(count)
    memory.put(new)
    known |= new
    return {name: known[each] for name, each in keys.items()}


def _parse(text: str, name: str) -> dict[str, Any]:
    found: list[Finding] = []
    data = None
    try:
        loaded = document.parse(text, Path(name), name=name)
        found += _release_problems(loaded)
        reader = tenant_in if PurePosixPath(name).name == PROJECT else release_in
        reader(loaded)
        data = loaded.data
    except ContractError as error:
        found += [
            finding(
                _OWN_RULES.get(each.rule, "record"),
                " ".join(filter(None, (f"{each.message} [{each.rule}]", each.hint))),
                name,
                each.line,
            )
            for each in error.problems
        ]
    return {"data": data, "findings": [each.to_dict() for each in found]}


def _release_problems(loaded: document.Document) -> list[Finding]:
    """What is wrong with a release, by the name of what it endangers rather than of its field."""
    release = loaded.get("release")
    if not isinstance(release, dict) or not release:
        return []
    found = []

    def add(rule: str, message: str, *pointer: str) -> None:
        place = loaded.position("release", *pointer)
        found.append(finding(rule, message, loaded.name, place.line))

    digest, image = str(release.get("imageDigest", "")), str(release.get("image", ""))
    if not digest.startswith("sha256:"):
        add("image-digest", f"imageDigest is {shown(digest)}", "imageDigest")
    last = image.rpartition("/")[2]
    if last.endswith(":latest") or release.get("imageDigest") == "latest":
        add("latest", f"image is {shown(image)}", "image")
    elif ":" in last or "@" in last:
        add("image-digest", f"image is {shown(image)}: tag and digest stand elsewhere", "image")
    stages = loaded.get("release", "evidence", "stages")
    if isinstance(stages, list) and "sign" not in stages:
        add("unsigned", "release.evidence.stages lacks sign", "evidence", "stages")
    if loaded.get("environment") == "prod" and not release.get("approver"):
        add("approver", "release.approver is empty", "approver")
    return found
