"""Names, credentials and refusals; and push and read back against a real registry on loopback."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from gleis.supply import SupplyError, Unreachable, signatures
from gleis.supply.registry import Reference, Registry, TagTaken, credentials, is_loopback, split
from gleis.tools.environments import Environment

from .conftest import image_of


def test_names_are_taken_apart_as_docker_does() -> None:
    hub = Reference("docker.io", "library/python", "3.12", "sha256:0")
    assert split("python:3.12@sha256:0") == hub
    assert split("team/image") == Reference("docker.io", "team/image")
    assert split("127.0.0.1:5000/ml/a:1") == Reference("127.0.0.1:5000", "ml/a", "1")
    assert split("registry.example.com/a/b@sha256:1").digest == "sha256:1"


def test_only_this_machine_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.0.0.1:5000", "localhost:1", "[::1]:5")))
    far = ("localhost.example.com", "127.0.0.1.example.com", "example.com", "10.0.0.1:5000")
    assert not any(map(is_loopback, far))


def test_encryption_is_left_out_on_loopback_only() -> None:
    assert Registry("127.0.0.1:5000", "a").root == "http://127.0.0.1:5000/v2/a"
    assert Registry("registry.example.com", "a").root == "https://registry.example.com/v2/a"


def test_credentials_come_from_the_files_that_logins_write(tmp_path: Path) -> None:
    auth = base64.b64encode(b"robot:s3:cret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"r.example.com": {"auth": auth}}}))

    environ = {"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)}

    assert credentials("r.example.com", environ) == ("robot", "s3:cret")
    assert credentials("other.example.com", environ) is None


def test_a_registry_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 .registry\.host") as caught:
        Registry("127.0.0.1:9", "a").digest_of("1")
    assert caught.value.exit_code == 3


HANDED_OUT = "t0ken"


class Guarded(BaseHTTPRequestHandler):
    """Wants a token; `realm` says from where. Keeps what it was sent."""

    realm = ""
    seen: list[tuple[str, str]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        said = self.headers.get("Authorization", "")
        self.seen.append((self.path.partition("?")[0], said))
        if self.path.startswith("/token"):
            self._reply(200, json.dumps({"token": HANDED_OUT}).encode())
        elif said == f"Bearer {HANDED_OUT}":
            self._reply(200, b"{}")
        else:
            self._reply(401, b"who are you")

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", f'Bearer realm="{self.realm}",service="r"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[tuple[str, type[Guarded]]]:
    handler = type("Handler", (Guarded,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    handler.realm = f"http://127.0.0.1:{server.server_port}/token"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def test_a_token_is_bought_with_the_credentials_and_used(
    guarded: tuple[str, type[Guarded]], tmp_path: Path
) -> None:
    host, handler = guarded
    auth = base64.b64encode(b"robot:secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))

    registry = Registry(host, "ml/a", {"DOCKER_CONFIG": str(tmp_path)})

    assert registry.manifest("1") == b"{}"
    assert handler.seen == [
        ("/v2/ml/a/manifests/1", ""),
        ("/token", f"Basic {auth}"),
        ("/v2/ml/a/manifests/1", f"Bearer {HANDED_OUT}"),
    ]


def test_credentials_are_not_sent_to_a_token_service_without_encryption(
    guarded: tuple[str, type[Guarded]], tmp_path: Path
) -> None:
    host, handler = guarded
    handler.realm = "http://registry.example.com/token"

    with pytest.raises(SupplyError, match="is not encrypted: refused"):
        Registry(host, "ml/a", {"DOCKER_CONFIG": str(tmp_path)}).manifest("1")


# --- against a real registry ---------------------------------------------------------------------


@pytest.fixture
def host(loopback_registry: str) -> str:
    return loopback_registry


@pytest.mark.real
@pytest.mark.needs("docker-registry")
def test_what_is_pushed_has_the_digest_that_was_known_before(host: str, tmp_path: Path) -> None:
    image = image_of(tmp_path / "image.tar", {"a": b"1" * 100_000}, {"b": b"2"})
    registry = Registry(host, "ml/pushed")

    registry.push(image, ["1.0", "g0123"])
    registry.push(image, ["1.0", "g0123"])

    assert registry.digest_of("1.0") == registry.digest_of("g0123") == image.digest
    assert registry.manifest(image.digest) == image.manifest
    assert registry.digest_of("other") is None


@pytest.mark.real
@pytest.mark.needs("docker-registry")
def test_a_tag_is_never_moved(host: str, tmp_path: Path) -> None:
    registry = Registry(host, "ml/fixed")
    first = image_of(tmp_path / "one.tar", {"a": b"1"})
    registry.push(first, ["1.0"])

    with pytest.raises(TagTaken, match=r"never moved. Raise the version"):
        registry.push(image_of(tmp_path / "two.tar", {"a": b"2"}), ["1.0"])
    assert registry.digest_of("1.0") == first.digest


@pytest.mark.real
@pytest.mark.needs("docker-registry")
def test_a_signature_lies_beside_its_image_and_speaks_of_it_alone(
    host: str, tmp_path: Path, tools: Environment
) -> None:
    registry, name = Registry(host, "ml/signed"), f"{host}/ml/signed"
    image = image_of(tmp_path / "image.tar", {"a": b"1"})
    other = image_of(tmp_path / "other.tar", {"a": b"2"})
    registry.push(image, ["1.0"])
    registry.push(other, ["2.0"])
    key = signatures.key(tools, {"XDG_CONFIG_HOME": str(tmp_path / "a")}, may_make=True)
    wrong = signatures.key(tools, {"XDG_CONFIG_HOME": str(tmp_path / "b")}, may_make=True)

    with pytest.raises(SupplyError, match="has no signature"):
        signatures.verify_image(tools, key.public, registry, name, image.digest)
    signatures.sign_image(tools, key, registry, name, image.digest)
    signatures.verify_image(tools, key.public, registry, name, image.digest)

    with pytest.raises(SupplyError, match="not made over these bytes with this key"):
        signatures.verify_image(tools, wrong.public, registry, name, image.digest)
    stolen = registry.manifest(signatures.tag_of(image.digest))
    assert stolen is not None
    registry.put_manifest(signatures.tag_of(other.digest), stolen)
    with pytest.raises(SupplyError, match="speaks of something else"):
        signatures.verify_image(tools, key.public, registry, name, other.digest)
