"""A small client of the OCI distribution API: push an image, read back what is there.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md. Plain HTTP is spoken to a
registry on this machine only; credentials go to the registry and its token service, never further.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, Any

from gleis.supply import SupplyError, Unreachable
from gleis.supply.archive import MANIFEST, Blob, Image
from gleis.tools.errors import ToolError, ToolMissing
from gleis.tools.process import run

_TIMEOUT = 60.0  # seconds without a byte from the registry
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ACCEPT = ", ".join(
    (MANIFEST, "application/vnd.oci.image.index.v1+json",
     "application/vnd.docker.distribution.manifest.v2+json")
)  # fmt: skip


class TagTaken(SupplyError):
    """A tag that must not move names another image already."""


@dataclass(frozen=True)
class Reference:
    """`host/repository[:tag][@digest]`, taken apart."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""


def split(reference: str) -> Reference:
    """Take an image's name apart; a name without a host is Docker Hub's, as everywhere."""
    rest, _, digest = reference.partition("@")
    head, _, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    path = f"{head}/{name}" if head else name
    host, slash, repository = path.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, repository = "docker.io", path if slash else f"library/{path}"
    return Reference(host, repository, tag, digest)


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` is this machine."""
    return urllib.parse.urlsplit(f"//{host}").hostname in _LOOPBACK


def credentials(host: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """User and password for `host` from the auth files that docker, podman and CI logins write."""
    for path in _auth_files(environ):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        helper = said.get("credHelpers", {}).get(host)
        entry = said.get("auths", {}).get(host) or {}
        if entry.get("auth"):
            user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
            return user, password
        helper = helper or (said.get("credsStore") if host in said.get("auths", {}) else None)
        if helper and re.fullmatch(r"[A-Za-z0-9._-]+", helper):
            return _from_helper(helper, host)
    return None


def _auth_files(environ: Mapping[str, str]) -> list[Path]:
    home = Path(environ.get("HOME", "/"))
    told = environ.get("REGISTRY_AUTH_FILE")
    runtime = environ.get("XDG_RUNTIME_DIR")
    return [
        *([Path(told)] if told else []),
        *([Path(runtime) / "containers" / "auth.json"] if runtime else []),
        Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json",
        home / ".config" / "containers" / "auth.json",
    ]


def _from_helper(helper: str, host: str) -> tuple[str, str] | None:
    try:
        done = run([f"docker-credential-{helper}", "get"], timeout=_TIMEOUT, input=host)
        said = json.loads(done.stdout)
        return said["Username"], said["Secret"]
    except (ToolError, ToolMissing, ValueError, KeyError):
        return None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirect by itself: it would carry our credentials to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Registry:
    """One repository of one registry."""

    host: str
    repository: str
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _token: str = ""

    def __post_init__(self) -> None:
        handlers: list[urllib.request.BaseHandler] = [_Stay()]
        if is_loopback(self.host):
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    @property
    def root(self) -> str:
        """Where the repository's API is."""
        scheme = "http" if is_loopback(self.host) else "https"
        host = "registry-1.docker.io" if self.host == "docker.io" else self.host
        return f"{scheme}://{host}/v2/{self.repository}"

    def digest_of(self, reference: str) -> str | None:
        """What a tag or digest names now, hashed from the bytes that the registry gives."""
        found = self.manifest(reference)
        return None if found is None else f"sha256:{hashlib.sha256(found).hexdigest()}"

    def manifest(self, reference: str) -> bytes | None:
        """The manifest that `reference` (a tag or a digest) names, None if there is none."""
        status, _, body = self._ask(
            "GET", f"{self.root}/manifests/{reference}", headers={"Accept": _ACCEPT}
        )
        if status == 404:
            return None
        self._must(status, {200}, f"reading {self.repository}:{reference}", body)
        return body

    def blob(self, digest: str) -> bytes:
        """A small blob, verified."""
        status, headers, body = self._ask("GET", f"{self.root}/blobs/{digest}")
        if status in (302, 303, 307):
            status, _, body = self._ask("GET", headers["location"])
        self._must(status, {200}, f"reading {digest}", body)
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != digest:
            raise SupplyError(f"{self.host} returned other bytes for {digest} than its name says")
        return body

    def push(self, image: Image, tags: list[str]) -> None:
        """Push `image` and name it `tags`; a tag that names another image is never moved.

        Safe to repeat: what is there is not sent again. Raises TagTaken, SupplyError, Unreachable.
        """
        for tag in tags:
            there = self.digest_of(tag)
            if there not in (None, image.digest):
                raise TagTaken(
                    f"{self.host}/{self.repository}:{tag} is {there}, not {image.digest}: tags "
                    "are never moved. Raise the version in pyproject.toml and commit"
                )
        for blob in (*image.layers, image.config):
            if not self._has(blob):
                with image.open(blob) as stream:
                    self._upload(blob, stream)
        for tag in tags:
            self.put_manifest(tag, image.manifest)

    def put_manifest(self, reference: str, manifest: bytes) -> None:
        """Store a manifest whose blobs are there."""
        status, _, body = self._ask(
            "PUT", f"{self.root}/manifests/{reference}", manifest, {"Content-Type": MANIFEST}
        )
        self._must(status, {201}, f"naming {self.repository}:{reference}", body)

    def put_blob(self, media_type: str, content: bytes) -> Blob:
        """Store a small blob."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        blob = Blob(media_type, digest, len(content))
        if not self._has(blob):
            self._upload(blob, content)
        return blob

    def _has(self, blob: Blob) -> bool:
        status, _, body = self._ask("HEAD", f"{self.root}/blobs/{blob.digest}")
        self._must(status, {200, 302, 303, 307, 404}, f"asking for {blob.digest}", body)
        return status != 404

    def _upload(self, blob: Blob, content: bytes | IO[bytes]) -> None:
        status, headers, body = self._ask("POST", f"{self.root}/blobs/uploads/", b"")
        self._must(status, {202}, "starting an upload", body)
        place = urllib.parse.urljoin(f"{self.root}/blobs/uploads/", headers["location"])
        place += ("&" if "?" in place else "?") + urllib.parse.urlencode({"digest": blob.digest})
        sent = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
        status, _, body = self._ask("PUT", place, content, sent)
        self._must(status, {201}, f"uploading {blob.digest}", body)

    def _ask(
        self,
        method: str,
        url: str,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (lower case) and body; answers one challenge for credentials."""
        status, said, body = self._send(method, url, data, headers)
        if status == 401 and self._answer(said.get("www-authenticate", "")):
            if hasattr(data, "seek"):
                data.seek(0)  # type: ignore[union-attr]
            status, said, body = self._send(method, url, data, headers)
        return status, said, body

    def _send(
        self, method: str, url: str, data: Any, headers: Mapping[str, str] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not is_loopback(parts.netloc):
            raise SupplyError(f"{self.host} sends us to {parts.netloc} without encryption: refused")
        request = urllib.request.Request(url, data, dict(headers or {}), method=method)
        if self._token and parts.netloc == urllib.parse.urlsplit(self.root).netloc:
            request.add_unredirected_header("Authorization", self._token)
        try:
            response: HTTPResponse
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                return response.status, _lower(response.headers), response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read()
        except OSError as error:
            raise Unreachable(
                f"the registry {self.host} (registry.host in platform.yaml) does not answer: "
                f"{getattr(error, 'reason', error)}"
            ) from error

    def _answer(self, challenge: str) -> bool:
        """Get ready to ask again: basic credentials, or a token bought with them."""
        kind, _, rest = challenge.partition(" ")
        login = credentials(self.host, self.environ)
        basic = "Basic " + base64.b64encode(":".join(login).encode()).decode() if login else ""
        before = self._token
        if kind.lower() == "basic":
            self._token = basic
        elif kind.lower() == "bearer":
            said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            realm = said.pop("realm", "")
            said.setdefault("scope", f"repository:{self.repository}:pull,push")
            parts = urllib.parse.urlsplit(realm)
            if parts.scheme != "https" and not is_loopback(parts.netloc):
                raise SupplyError(f"the token service {realm} is not encrypted: refused")
            request = urllib.request.Request(f"{realm}?{urllib.parse.urlencode(said)}")
            if basic:
                request.add_unredirected_header("Authorization", basic)
            try:
                with self._opener.open(request, timeout=_TIMEOUT) as response:
                    token = json.load(response)
                self._token = f"Bearer {token.get('token') or token['access_token']}"
            except (OSError, ValueError, KeyError) as error:
                raise SupplyError(
                    f"{parts.netloc} gave no token: {error}{_login(self.host)}"
                ) from None
        return bool(self._token) and self._token != before

    def _must(self, status: int, wanted: set[int], what: str, body: bytes) -> None:
        if status in wanted:
            return
        said = body.decode("utf-8", "replace").strip()[:300]
        if status in (401, 403):
            raise SupplyError(f"{self.host} refuses {what}: {said}{_login(self.host)}")
        kind = Unreachable if status >= 500 else SupplyError
        raise kind(f"{self.host}, {what}: status {status} {said}")


def _login(host: str) -> str:
    return (
        f". Log in first (`docker login {host}`, `buildah login {host}`, or the login step of "
        "your cloud in CI): the credentials are read from the file that it writes"
    )


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
