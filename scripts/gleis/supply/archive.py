"""Image archives: an OCI layout in one tar, read without any container engine.

Format: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md. What dockerd
saves is rewritten into it, with the times of its own layers set back to the commit's, so that
the digest is known before the push and equal wherever the same commit is built.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from gleis.supply import SupplyError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
_CHUNK = 1 << 20  # bytes
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


@dataclass(frozen=True)
class Blob:
    """A piece of an image: media type, `sha256:…` and size in bytes."""

    media_type: str
    digest: str
    size: int

    def to_dict(self) -> dict[str, Any]:
        """An OCI descriptor."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Image:
    """What an archive holds; `digest` is that of the manifest, as a registry will name it."""

    path: Path
    digest: str
    manifest: bytes
    config: Blob
    layers: tuple[Blob, ...]
    settings: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes that a registry has to store."""
        return len(self.manifest) + self.config.size + sum(each.size for each in self.layers)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the image."""
        return dict(self.settings.get("config", {}).get("Labels") or {})

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The command that the image starts."""
        settings = self.settings.get("config", {})
        return (*(settings.get("Entrypoint") or ()), *(settings.get("Cmd") or ()))

    @contextmanager
    def open(self, blob: Blob) -> Iterator[IO[bytes]]:
        """The bytes of a blob."""
        with tarfile.open(self.path) as tar:
            yield _member(tar, _place(blob.digest), self.path)

    def files(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """Name and content of the files for which `wanted(name)` holds, as the top layer has them.

        A file that a later layer removes (a whiteout) or replaces is not given.
        """
        found: dict[str, bytes] = {}
        for layer in self.layers:
            added: dict[str, bytes] = {}
            with self.open(layer) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
                for member in tar:
                    name = member.name.removeprefix("./").lstrip("/")
                    folder, _, last = name.rpartition("/")
                    if last == ".wh..wh..opq":
                        _forget(found, f"{folder}/", "")
                    elif last.startswith(".wh."):
                        gone = f"{folder}/{last[4:]}" if folder else last[4:]
                        _forget(found, f"{gone}/", gone)
                    elif member.isfile() and wanted(name):
                        content = tar.extractfile(member)
                        added[name] = content.read() if content else b""
            found |= added  # a whiteout speaks of the layers below its own only
        yield from sorted(found.items())


def read(path: Path) -> Image:
    """The one image of the OCI archive at `path`. Raises SupplyError."""
    try:
        with tarfile.open(path) as tar:
            index = json.load(_member(tar, "index.json", path))
            (entry,) = index["manifests"]
            manifest = _member(tar, _place(entry["digest"]), path).read()
            _must_match(manifest, entry["digest"], path)
            said = json.loads(manifest)
            settings = _member(tar, _place(said["config"]["digest"]), path).read()
            _must_match(settings, said["config"]["digest"], path)
            return Image(
                path,
                entry["digest"],
                manifest,
                _blob(said["config"]),
                tuple(_blob(each) for each in said["layers"]),
                json.loads(settings),
            )
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise SupplyError(
            f"{path} is not an OCI archive with one image ({error}): run "
            "`gleis run --stage image --force`"
        ) from error


def normalise(path: Path, target: Path) -> None:
    """Write the archive at `path` to `target` so that equal images are equal files."""
    image = read(path)
    with tarfile.open(target, "w") as out:
        _add_bytes(out, "oci-layout", _LAYOUT)
        for blob in sorted((image.config, *image.layers), key=lambda each: each.digest):
            with image.open(blob) as stream:
                _add(out, _place(blob.digest), stream, blob.size)
        entry = _store(out, json.loads(image.manifest)["mediaType"], image.manifest)
        _add_bytes(out, "index.json", _index(entry))


def from_docker(saved: Path, target: Path, epoch: int, base_layers: int) -> None:
    """Rewrite what `docker save` left at `saved` as an OCI archive at `target`.

    Layers above the first `base_layers` get times no later than `epoch` (seconds since 1970), and
    so does the configuration: dockerd writes the time of the build into both.
    """
    with tarfile.open(saved) as tar, tarfile.open(target, "w") as out:
        (entry,) = json.load(_member(tar, "manifest.json", saved))
        settings = json.load(_member(tar, entry["Config"], saved))
        blobs, diffs = [], []
        for index, name in enumerate(entry["Layers"]):
            layer = target.with_name(f".{target.name}.layer")
            clamp = None if index < base_layers else epoch
            diff = _rewrite(_member(tar, name, saved), layer, clamp)
            digest, size = _digest(layer)
            blobs.append(Blob(f"{LAYER}+gzip", digest, size))
            diffs.append(diff)
            with layer.open("rb") as stream:
                _add(out, _place(digest), stream, size)
            layer.unlink()
        _add_bytes(out, "oci-layout", _LAYOUT)
        config = _timeless(settings, epoch, diffs)
        manifest = manifest_of(_store(out, CONFIG, config), blobs)
        _add_bytes(out, "index.json", _index(_store(out, MANIFEST, manifest)))


def manifest_of(config: Blob, layers: list[Blob], **more: Any) -> bytes:
    """An OCI image manifest."""
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.to_dict(),
            "layers": [each.to_dict() for each in layers],
            **more,
        }
    )


def _timeless(settings: dict[str, Any], epoch: int, diffs: list[str]) -> bytes:
    """The configuration without what dockerd knows about this one build."""
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = {
        name: settings[name] for name in ("architecture", "os", "variant") if settings.get(name)
    }
    asked = dict(settings.get("config") or {})
    for name in ("Hostname", "Image"):  # of the last intermediate container
        asked.pop(name, None)
    history = [
        {**each, "created": min(each.get("created", moment), moment)}
        for each in settings.get("history", [])
    ]
    return _json(
        {
            **kept,
            "created": moment,
            "config": asked,
            "rootfs": {"type": "layers", "diff_ids": diffs},
            "history": history,
        }
    )


def _rewrite(source: IO[bytes], target: Path, epoch: int | None) -> str:
    """Compress a layer into `target`, times clamped to `epoch`; the digest of its plain bytes."""
    hashed = _Hashing()
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        hashed.under = packed
        if epoch is None:
            while chunk := source.read(_CHUNK):
                hashed.write(chunk)
            return hashed.digest
        with (
            tarfile.open(fileobj=source, mode="r|") as old,
            tarfile.open(fileobj=hashed, mode="w|", format=tarfile.PAX_FORMAT) as new,  # type: ignore[call-overload]
        ):
            for member in old:
                member.mtime = min(int(member.mtime), epoch)
                member.pax_headers = {
                    name: value
                    for name, value in member.pax_headers.items()
                    if name not in ("mtime", "atime", "ctime")
                }
                new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return hashed.digest


class _Hashing:
    """A stream that hashes what passes through it."""

    def __init__(self) -> None:
        self.under: Any = None
        self._sha = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._sha.update(data)
        self.under.write(data)
        return len(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha.hexdigest()}"


def _store(out: tarfile.TarFile, media_type: str, content: bytes) -> Blob:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    _add_bytes(out, _place(digest), content)
    return Blob(media_type, digest, len(content))


def _add_bytes(out: tarfile.TarFile, name: str, content: bytes) -> None:
    _add(out, name, io.BytesIO(content), len(content))


def _add(out: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    out.addfile(info, stream)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}", path.stat().st_size


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _index(manifest: Blob) -> bytes:
    return _json({"schemaVersion": 2, "manifests": [manifest.to_dict()]})


def _place(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _member(tar: tarfile.TarFile, name: str, path: Path) -> IO[bytes]:
    try:
        stream = tar.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise SupplyError(f"{path} holds no {name}: it was cut off or is no image archive")
    return stream


def _must_match(content: bytes, digest: str, path: Path) -> None:
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        raise SupplyError(f"{path}: the bytes of {digest} are others: build the image again")


def _blob(said: dict[str, Any]) -> Blob:
    return Blob(said["mediaType"], said["digest"], said["size"])


def _forget(found: dict[str, bytes], folder: str, name: str) -> None:
    for each in [each for each in found if each.startswith(folder) or each == name]:
        del found[each]
