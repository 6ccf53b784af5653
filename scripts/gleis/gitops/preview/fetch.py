"""Fetches definitions of custom resources, and keeps them as JSON Schemas."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gleis.errors import GleisError
from gleis.gitops.errors import GitopsError, RemoteFailed
from gleis.gitops.preview import crds
from gleis.gitops.preview.preview import Progress, quiet
from gleis.gitops.preview.sources import documents
from gleis.tools import write_atomic

SOURCES = Path(__file__).with_name("crd_sources.yaml")
RECORD = "fetched.json"  # what came from where, by its hash
MAX_BYTES = 8_000_000  # of one file: the largest of them (SecretStore) has about a million
TIMEOUT = 30.0  # seconds for one file
_WORD = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Source:
    """One file: its address and, where it is known, its hash."""

    url: str
    sha256: str = ""


def sources(file: Path = SOURCES) -> list[Source]:
    """What is to be fetched. Raises GitopsError where the list is not one."""
    import yaml

    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = []
    for each in said["sources"]:
        for name in each["files"]:
            path, sha256 = (name["path"], name["sha256"]) if isinstance(name, dict) else (name, "")
            url = f"{said['base']}/{each['repository']}/{each['version']}/{path}"
            found.append(Source(url.replace("{version}", each["version"]), sha256))
    return found


def fetch(into: Path, wanted: list[Source] | None = None, *, progress: Progress = quiet) -> int:
    """Fetch all sources into the folder `into`; how many kinds there are then.

    A file whose content is not what it was before, or not what its hash says, is refused: tags can
    be moved. Nothing is written before everything has come. Raises RemoteFailed, GitopsError.
    """
    wanted = sources() if wanted is None else wanted
    record = _record(into)
    files: dict[str, str] = {}
    hashes = dict(record)
    for number, source in enumerate(wanted, 1):
        content = _content(source.url)
        found = hashlib.sha256(content).hexdigest()
        expected = source.sha256 or record.get(source.url, found)
        if found != expected:
            raise GitopsError(
                f"{source.url} is not what it was: its SHA-256 is {found}, where {expected} is "
                f"known. Find out why; to accept it, delete {into / RECORD}"
            )
        hashes[source.url] = found
        files |= _schemas(source.url, content)
        progress("schemas", number, len(wanted))
    for name, text in sorted(files.items()):
        write_atomic(into / name, text)
    write_atomic(into / RECORD, json.dumps(hashes, indent=2, sort_keys=True) + "\n")
    return len(files)


def _record(into: Path) -> Mapping[str, str]:
    try:
        said = json.loads((into / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise GitopsError(f"{into / RECORD} cannot be read ({error}): delete it") from None
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def _schemas(url: str, content: bytes) -> dict[str, str]:
    """File → text of every schema in a file of definitions."""
    import yaml

    try:
        found = documents(content.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())[:200]
        raise GitopsError(f"{url} is not valid YAML: {said}") from None
    files = {}
    try:
        for each in found:
            for group, kind, version, schema in crds.schemas(each):
                if not all(_WORD.fullmatch(word) for word in (group, kind, version)):
                    raise GitopsError(f"{group}/{version} {kind} is no name of a kind")
                name = f"{group}/{kind.lower()}_{version}.json"
                files[name] = json.dumps(schema, separators=(",", ":"), sort_keys=True)
    except GitopsError as error:
        raise GitopsError(f"{url}: {error}") from None
    return files


class _SamePlace(urllib.request.HTTPRedirectHandler):
    """Follows redirects that stay on https and on the host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if (before.scheme, before.hostname) != (after.scheme, after.hostname):
            raise RemoteFailed(f"{req.full_url} leads elsewhere, to {newurl}: not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _content(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise GitopsError(f"{url} is not fetched: https only")
    opener = urllib.request.build_opener(_SamePlace())
    try:
        with opener.open(url, timeout=TIMEOUT) as answer:
            content: bytes = answer.read(MAX_BYTES + 1)
    except GleisError:
        raise
    except urllib.error.HTTPError as error:
        raise RemoteFailed(f"{url} cannot be fetched: {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise RemoteFailed(
            f"{url} cannot be fetched: {error}. Check the network and its proxy; or put schemas "
            "into a folder and name it in GLEIS_CRD_SCHEMAS"
        ) from None
    if len(content) > MAX_BYTES:
        raise GitopsError(f"{url} has more than {MAX_BYTES:,} bytes: not fetched")
    return content
