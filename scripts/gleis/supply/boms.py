"""Bills of materials in CycloneDX 1.6 JSON: of an environment, of an image, of a model.

The same content gives the same bytes: the serial number is made of the content, the time is the
commit's. Format: https://cyclonedx.org/docs/1.6/json/.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gleis
from gleis.supply.archive import Image
from gleis.tools.environments import Environment
from gleis.tools.process import clean_env, run

SPECIFICATION = "1.6"
# Names below this one are ours; it is the identity of our serial numbers, made once.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-gleis:bom")
_TIMEOUT = 600.0  # seconds
_DIST = re.compile(r"(^|/)[^/]+\.dist-info/METADATA$|(^|/)[^/]+\.egg-info(/PKG-INFO)?$")
_DPKG = re.compile(r"var/lib/dpkg/(status|status\.d/[^/]+)")
_FIELD = re.compile(rb"^(Package|Version|Architecture|Status): (.+)$", re.M)
_RELEASE = "usr/lib/os-release"


def of_environment(
    tools: Environment, python: Path, subject: Mapping[str, Any], epoch: int
) -> dict[str, Any]:
    """What is installed in the environment of `python`, by cyclonedx-py; `subject` is its owner."""
    with tempfile.TemporaryDirectory(prefix="gleis-bom-") as folder:
        written = Path(folder) / "bom.json"
        argv: list[str | Path] = [tools.bin / "cyclonedx-py", "environment", "--sv", SPECIFICATION]
        argv += ["--output-reproducible", "--no-validate", "--of", "JSON", "-o", written, python]
        env = clean_env(SOURCE_DATE_EPOCH=str(epoch), PYTHONHASHSEED="0")
        run(argv, timeout=_TIMEOUT, env=env, check=True)
        found = json.loads(written.read_text(encoding="utf-8"))
    return _document(subject, found["components"], epoch, dependencies=found["dependencies"])


def of_image(image: Image, name: str, epoch: int) -> dict[str, Any]:
    """Python distributions and Debian packages, read from the databases inside the image."""
    files = dict(
        image.files(
            lambda path: bool(_DIST.search(path)) or bool(_DPKG.fullmatch(path)) or path == _RELEASE
        )
    )
    release = _release(files.get(_RELEASE, b""))
    components: dict[str, dict[str, Any]] = {}
    for path, content in files.items():
        if _DPKG.fullmatch(path):
            found = _debian(content, release)
        elif path == _RELEASE:
            continue
        else:
            found = _python(content, path)
        for component in found:
            components.setdefault(component["bom-ref"], component)
    if release:
        components["os"] = {
            "type": "operating-system",
            "bom-ref": "os",
            "name": release.get("ID", "linux"),
            "version": release.get("VERSION_ID", ""),
        }
    subject = {
        "type": "container",
        "bom-ref": f"image@{image.digest}",
        "name": name,
        "version": image.digest,
        "hashes": [{"alg": "SHA-256", "content": image.digest.removeprefix("sha256:")}],
        "properties": _properties("image:label", image.labels),
    }
    return _document(subject, [components[key] for key in sorted(components)], epoch)


def of_model(
    name: str, version: str, train: dict[str, Any], metrics: dict[str, Any], epoch: int
) -> dict[str, Any]:
    """The model: its bytes, the data and the code that it came from, parameters, metrics."""
    data = f"data@sha256:{train['data_sha256']}"
    libraries = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{library}@{release}",
            "name": library,
            "version": release,
            "purl": f"pkg:pypi/{library}@{release}",
        }
        for library, release in sorted(train.get("versions", {}).items())
        if library != "python"
    ]
    dataset = {
        "type": "data",
        "bom-ref": data,
        "name": f"{name}-training-data",
        "version": train["data_sha256"],
        "hashes": [{"alg": "SHA-256", "content": train["data_sha256"]}],
        "data": [{"type": "dataset", "name": f"{name}-training-data"}],
    }
    subject: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model@sha256:{train['model_sha256']}",
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": train["model_sha256"]}],
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": metrics["task"],
                "datasets": [{"ref": data}],
            },
            "quantitativeAnalysis": {"performanceMetrics": list(_performance(metrics))},
        },
        "properties": [
            {"name": "gleis:seed", "value": str(train.get("seed"))},
            *_properties("gleis:parameter", train.get("params", {})),
        ],
    }
    if train.get("git_commit"):
        subject["pedigree"] = {"commits": [{"uid": train["git_commit"]}]}
    return _document(subject, [dataset, *libraries], epoch)


def _document(
    subject: Mapping[str, Any],
    components: list[dict[str, Any]],
    epoch: int,
    dependencies: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            "timestamp": moment,
            "tools": {
                "components": [
                    {"type": "application", "name": "gleis", "version": gleis.__version__}
                ]
            },
            "component": dict(subject),
        },
        "components": components,
    }
    if dependencies:
        document["dependencies"] = dependencies
    content = json.dumps(document, sort_keys=True).encode()
    serial = uuid.uuid5(_NAMESPACE, hashlib.sha256(content).hexdigest())
    return {**document, "serialNumber": f"urn:uuid:{serial}"}


def _performance(metrics: dict[str, Any]) -> Iterator[dict[str, Any]]:
    measured = {"overall": metrics["overall"]}
    for column, values in metrics.get("slices", {}).items():
        for value, facts in values.items():
            measured[f"{column}={value}"] = facts["metrics"]
    for scope, values in measured.items():
        for name, value in values.items():
            entry: dict[str, Any] = {"type": name, "value": str(value["value"]), "slice": scope}
            if value.get("low") is not None:
                entry["confidenceInterval"] = {
                    "lowerBound": str(value["low"]),
                    "upperBound": str(value["high"]),
                }
            yield entry


def _properties(prefix: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": f"{prefix}:{name}", "value": each if isinstance(each, str) else json.dumps(each)}
        for name, each in sorted(values.items())
    ]


def _release(content: bytes) -> dict[str, str]:
    lines = content.decode("utf-8", "replace").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip().strip('"') for name, _, value in pairs}


def _python(content: bytes, path: str) -> Iterator[dict[str, Any]]:
    said = BytesHeaderParser().parsebytes(content)
    name, version = said.get("Name"), said.get("Version")
    if not name or not version:
        return
    canonical = re.sub(r"[-_.]+", "-", name).lower()
    purl = f"pkg:pypi/{canonical}@{quote(version, safe='.-_~:')}"
    yield {
        "type": "library",
        "bom-ref": f"{purl}#{path}",
        "name": canonical,
        "version": version,
        "purl": purl,
        "properties": [{"name": "gleis:path", "value": f"/{path}"}],
    }


def _debian(content: bytes, release: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    vendor = release.get("ID", "debian")
    distro = f"{vendor}-{release['VERSION_ID']}" if release.get("VERSION_ID") else vendor
    for paragraph in re.split(rb"\n\n+", content):
        fields = dict(_FIELD.findall(paragraph))
        if b"Package" not in fields or b" installed" not in fields.get(b"Status", b" installed"):
            continue
        name, version, arch = (
            fields.get(key, b"").decode() for key in (b"Package", b"Version", b"Architecture")
        )
        purl = f"pkg:deb/{vendor}/{name}@{quote(version, safe='.-_~:')}?arch={arch}&distro={distro}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
        }
