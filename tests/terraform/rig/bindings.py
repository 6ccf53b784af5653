"""Schemas of providers, read out of published TypeScript bindings.

The bindings are generated from the providers' own schemas, so the names of arguments, their types
and what is required are facts of the provider. Lost on the way: which values are checked, what is
computed besides what may be given (every optional argument counts as both), and whether a nested
attribute is written as a block or with `=` (all come out as blocks).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tarfile
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from gleis.tools import environments
from gleis.tools.files import write_atomic

HERE = Path(__file__).parent
KNOWN: Mapping[str, Mapping[str, str]] = yaml.safe_load((HERE / "bindings.yaml").read_text())
Schema = dict[str, Any]

_INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{(.*?)^\}", re.M | re.S)
_FIELD = re.compile(
    r"#(\w+)\}[^*]*\*(?:[^/][^*]*\*+)*/\s*readonly \w+(\??): ([^;]*(?:\{[^}]*\})?[^;]*);"
)
_WRITER = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", re.M | re.S)
_ENTRY = re.compile(
    r"^ +(\w+): \{\s+value: .*,\s+isBlock: (true|false),\s+"
    r'type: "(\w+)",\s+storageClassType: "(\w+)",',
    re.M,
)
_CLASS = re.compile(r"^class (\w+) extends \S+ \{(.*?)^\}", re.M | re.S)
_GETTER = re.compile(r"^    get \w+\(\) \{\s+return (.*?);\s+\}", re.M | re.S)
_CALL = re.compile(r"this\.(get\w+Attribute|interpolationForAttribute)\(['\"](\w+)['\"]\)")
_MEMBER = re.compile(r'this\.(_\w+) = new (?:[\w.]+\.)?(\w+?)(List|OutputReference)\(this, "(\w+)"')
_RESOURCE = re.compile(r'^(\w+)\.tfResourceType = "(\w+)";', re.M)

_ELEMENTS = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "interpolationForAttribute": "dynamic",
}


def schemas(provider: str, types: Iterable[str]) -> Schema:
    """Schemas of the resources and data sources `types` (`azurerm_subnet`, `data.azurerm_subnet`).

    A type that the bindings do not have is left out, so that Terraform refuses it by name.
    """
    made: Schema = json.loads(kept(provider, types).read_text())
    return made


def kept(provider: str, types: Iterable[str]) -> Path:
    """The file of these schemas in the cache, made when it is not there."""
    wanted = sorted(set(types))
    key = json.dumps([dict(KNOWN[provider]), wanted, (HERE / "bindings.py").read_text()])
    name = hashlib.sha256(key.encode()).hexdigest()[:24]
    file = environments.cache_dir() / "tests" / f"schema-{provider}-{name}.json"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(_extract(provider, wanted)))
    return file


def fetch(provider: str) -> Path:
    """The package of bindings, from npm's registry or the cache. Raises OSError, ValueError."""
    known = KNOWN[provider]
    bare = known["package"].rpartition("/")[2]
    file = environments.cache_dir() / "tests" / f"{bare}-{known['version']}.tgz"
    if file.is_file():
        return file
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
    address = f"{registry}/{known['package']}/-/{bare}-{known['version']}.tgz"
    with urllib.request.urlopen(address, timeout=120) as answer:
        content: bytes = answer.read()
    algorithm, _, wanted = known["integrity"].partition("-")
    digest = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    if digest != wanted:
        raise ValueError(f"{known['package']} {known['version']} is not the package that is pinned")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, content)
    return file


def _extract(provider: str, types: list[str]) -> Schema:
    folders = {_folder(provider, name): name for name in types} | {"provider": provider}
    texts: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in folders}
    with tarfile.open(fetch(provider)) as archive:
        for member in archive:
            parts = member.name.split("/")
            if len(parts) < 4 or parts[2] not in texts or not member.isfile():
                continue
            place = (
                0 if member.name.endswith(".d.ts") else 1 if member.name.endswith(".js") else None
            )
            stream = archive.extractfile(member)
            if place is not None and stream is not None:
                texts[parts[2]][place].append(stream.read().decode())
    found: Schema = {"provider": {}, "resources": {}, "data": {}}
    for folder, (declared, written) in texts.items():
        if not written:
            continue
        block = read("\n".join(declared), "\n".join(written))
        name = folders[folder]
        if folder == "provider":
            found["provider"] = block
        elif name.startswith("data."):
            found["data"][name.removeprefix("data.")] = block
        else:
            found["resources"][name] = block
    return found


def _folder(provider: str, name: str) -> str:
    data, _, bare = name.rpartition(".")
    dashed = bare.removeprefix(f"{provider}_").replace("_", "-")
    return f"data-{provider}-{dashed}" if data else dashed


def read(declared: str, written: str) -> Schema:
    """The block of the one resource of which `declared` is all .d.ts, `written` all .js."""
    interfaces = {
        name: {field: (not mark, kind.strip()) for field, mark, kind in _FIELD.findall(body)}
        for name, body in _INTERFACE.findall(declared)
    }
    writers = {name.lower(): _ENTRY.findall(body) for name, body in _WRITER.findall(written)}
    classes = dict(_CLASS.findall(written))
    reader = _Reader(interfaces, writers, classes)
    match = _RESOURCE.search(written)
    if match is None:
        raise ValueError("these bindings hold no resource")
    name = match[1]
    body = classes[name]
    entries = _ENTRY.findall(body.partition("synthesizeHclAttributes")[2])
    return reader.block(f"{name}Config", entries, body)


class _Reader:
    def __init__(
        self,
        interfaces: Mapping[str, Mapping[str, tuple[bool, str]]],
        writers: Mapping[str, list[tuple[str, str, str, str]]],
        classes: Mapping[str, str],
    ) -> None:
        self.interfaces, self.writers, self.classes = interfaces, writers, classes

    def block(
        self, interface: str, entries: Iterable[tuple[str, str, str, str]], body: str
    ) -> Schema:
        """What may be given (`entries`), as attributes and blocks; then what can only be read."""
        fields = self.interfaces.get(interface, {})
        attributes: Schema = {}
        blocks: Schema = {}
        for name, is_block, kind, storage in entries:
            required, declared = fields.get(name, (False, ""))
            if is_block == "false":
                attributes[name] = {"type": _type(kind, storage), **_use(required)}
                continue
            struct = storage.removesuffix("List").removesuffix("Map")
            nested = self.block(
                struct,
                self.writers.get(struct.lower(), []),
                self.classes.get(f"{struct}OutputReference", ""),
            )
            blocks[name] = {
                "nesting_mode": {"struct": "single"}.get(kind, kind),
                "block": nested,
                "min_items": int(required and kind != "struct"),
                "max_items": 0 if "[]" in declared or kind == "struct" else 1,
            }
        for name, kind in self.computed(body):
            if name not in attributes and name not in blocks:
                attributes[name] = {"type": kind, "computed": True}
        return {"attributes": attributes, "block_types": blocks}

    def computed(self, body: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
        """Name and type of everything that a class lets one read."""
        members = {
            member: (struct, many, name) for member, struct, many, name in _MEMBER.findall(body)
        }
        for answer in _GETTER.findall(body):
            call = _CALL.search(answer)
            if call is not None:
                kind = _GETTERS.get(call[1], "dynamic")
                yield (
                    call[2],
                    ["set", kind[1]] if "tolist" in answer and kind[0] == "list" else kind,
                )
                continue
            member = answer.removeprefix("this.")
            if member in members and depth < 6:
                struct, many, name = members[member]
                inner = self.classes.get(f"{struct}OutputReference", "")
                fields = dict(self.computed(inner, depth + 1))
                yield name, ["list", ["object", fields]] if many == "List" else ["object", fields]


def _use(required: bool) -> Schema:
    return {"required": True} if required else {"optional": True, "computed": True}


def _type(kind: str, storage: str) -> Any:
    element = storage
    depth = []
    while True:
        for suffix in ("List", "Map"):
            if element.endswith(suffix):
                depth.append(suffix.lower())
                element = element.removesuffix(suffix)
                break
        else:
            break
    found: Any = _ELEMENTS.get(element, "dynamic")
    for container in reversed(depth[1:]):
        found = [container, found]
    return [kind, found] if depth else found
