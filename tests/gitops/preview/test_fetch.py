"""Schemas of custom resources, fetched from a server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gleis.gitops.errors import GitopsError, RemoteFailed
from gleis.gitops.preview import fetch
from gleis.gitops.preview.fetch import Source
from gleis.gitops.preview.schemas import Schemas

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: trains.example.com}
spec:
  group: example.com
  names: {kind: Train, plural: trains}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              description: What the train is.
              required: [wagons]
              properties:
                wagons: {type: integer, minimum: 1}
                speed: {x-kubernetes-int-or-string: true, type: string}
                driver: {type: string, nullable: true}
                cargo: {type: object, x-kubernetes-preserve-unknown-fields: true}
                labels: {type: object, additionalProperties: {type: string}}
    - name: v1alpha1
      served: false
      schema: {openAPIV3Schema: {type: object}}
"""


class Server(ThreadingHTTPServer):
    """Answers with what `files` says; a number is a status, an address a redirect."""

    files: dict[str, bytes | int | str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        said = self.server.files.get(self.path, 404)
        if isinstance(said, int):
            self.send_error(said)
        elif isinstance(said, str):
            self.send_response(302)
            self.send_header("Location", said)
            self.end_headers()
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.files = {"/crd.yaml": CRD.encode()}
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def train(**spec: object) -> dict[str, object]:
    meta = {"name": "ice", "namespace": "rails"}
    return {"apiVersion": "example.com/v1", "kind": "Train", "metadata": meta, "spec": spec}


def test_what_was_fetched_holds_objects_strictly(server: Server, tmp_path: Path) -> None:
    assert fetch.fetch(tmp_path, [Source(f"{server.address}/crd.yaml")]) == 1
    schemas = Schemas(tmp_path)
    good = train(wagons=3, speed="fast", driver=None, cargo={"any": ["thing"]}, labels={"a": "b"})
    assert not schemas.verdict(good).mistakes
    assert not schemas.verdict(train(wagons=3, speed=300)).mistakes
    for wrong in (
        train(wagons=0),
        train(),
        train(wagons=3, wagon=4),
        train(wagons=3, speed=[]),
        train(wagons=3, labels={"a": 1}),
        {**train(wagons=3), "more": {}},
    ):
        assert schemas.verdict(wrong).mistakes, wrong
    assert schemas.verdict({**good, "apiVersion": "example.com/v1alpha1"}).unknown


def test_a_file_that_is_not_what_it_was_is_refused(server: Server, tmp_path: Path) -> None:
    wanted = [Source(f"{server.address}/crd.yaml")]
    fetch.fetch(tmp_path, wanted)
    before = (tmp_path / "example.com" / "train_v1.json").read_bytes()
    server.files["/crd.yaml"] = CRD.replace("minimum: 1", "minimum: 0").encode()
    with pytest.raises(GitopsError, match="is not what it was"):
        fetch.fetch(tmp_path, wanted)
    assert (tmp_path / "example.com" / "train_v1.json").read_bytes() == before


def test_a_hash_that_is_named_is_held_to(server: Server, tmp_path: Path) -> None:
    with pytest.raises(GitopsError, match="is not what it was"):
        fetch.fetch(tmp_path, [Source(f"{server.address}/crd.yaml", "0" * 64)])
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_when_one_file_is_missing(server: Server, tmp_path: Path) -> None:
    wanted = [Source(f"{server.address}/crd.yaml"), Source(f"{server.address}/gone.yaml")]
    with pytest.raises(RemoteFailed, match="404"):
        fetch.fetch(tmp_path, wanted)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"kind: Deployment\n", "no CustomResourceDefinition"),
        (b"a: ][", "not valid YAML"),
        (b"\xff\xfe", "not valid YAML"),
        (CRD.replace("group: example.com", "group: ../../etc").encode(), "no name of a kind"),
        (CRD.replace("kind: Train", "kind: ../x").encode(), "no name of a kind"),
        (b"x" * (fetch.MAX_BYTES + 1), "more than"),
    ],
    ids=["another kind", "no YAML", "no text", "path in group", "path in kind", "too large"],
)
def test_what_is_no_definition_is_refused(
    server: Server, tmp_path: Path, content: bytes, why: str
) -> None:
    server.files["/crd.yaml"] = content
    with pytest.raises(GitopsError, match=why):
        fetch.fetch(tmp_path, [Source(f"{server.address}/crd.yaml")])
    assert not list(tmp_path.iterdir())


def test_a_redirect_to_another_host_is_not_followed(server: Server, tmp_path: Path) -> None:
    server.files["/away"] = f"http://localhost:{server.server_address[1]}/crd.yaml"
    with pytest.raises(RemoteFailed, match="leads elsewhere"):
        fetch.fetch(tmp_path, [Source(f"{server.address}/away")])


def test_only_https_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(GitopsError, match="https only"):
        fetch.fetch(tmp_path, [Source("http://example.com/crd.yaml")])
    with pytest.raises(GitopsError, match="https only"):
        fetch.fetch(tmp_path, [Source("file:///etc/passwd")])


def test_a_server_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(RemoteFailed, match="cannot be fetched"):
        fetch.fetch(tmp_path, [Source("http://127.0.0.1:9/crd.yaml")])


def test_the_list_names_whole_addresses_at_versions() -> None:
    found = fetch.sources()
    assert len(found) > 20
    assert all(each.url.startswith("https://raw.githubusercontent.com/") for each in found)
    assert all("/v" in each.url for each in found)
    assert json.dumps(sorted(each.url for each in found)).count("main/") == 0
