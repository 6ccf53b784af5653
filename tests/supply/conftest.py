"""Small image archives made by hand, and the environment of supply.lock."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gleis import supply
from gleis.supply import archive
from gleis.tools.environments import Environment


def tar_of(files: Mapping[str, bytes], mtime: int = 0) -> bytes:
    """A tar with `files`, all with the time `mtime`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), mtime
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image_of(
    path: Path,
    *layers: Mapping[str, bytes],
    labels: Mapping[str, str] | None = None,
    entrypoint: tuple[str, ...] = ("python",),
    mtime: int = 0,
) -> archive.Image:
    """An OCI archive at `path` with one gzipped layer per mapping of names to contents."""
    packed = [gzip.compress(tar_of(layer), mtime=0) for layer in layers]
    settings: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": dict(labels or {}), "Entrypoint": list(entrypoint)},
        "rootfs": {"type": "layers", "diff_ids": [digest(tar_of(layer)) for layer in layers]},
    }
    config = json.dumps(settings).encode()
    blobs = {digest(content): content for content in (*packed, config)}
    manifest = archive.manifest_of(
        archive.Blob(archive.CONFIG, digest(config), len(config)),
        [archive.Blob(f"{archive.LAYER}+gzip", digest(each), len(each)) for each in packed],
    )
    blobs[digest(manifest)] = manifest
    index = {
        "schemaVersion": 2,
        "manifests": [
            {"mediaType": archive.MANIFEST, "digest": digest(manifest), "size": len(manifest)}
        ],
    }
    files = {f"blobs/{name.replace(':', '/')}": content for name, content in blobs.items()}
    files |= {"oci-layout": b"{}", "index.json": json.dumps(index).encode()}
    path.write_bytes(tar_of(files, mtime))
    return archive.read(path)


@pytest.fixture(scope="session")
def tools() -> Environment:
    return supply.environment()
