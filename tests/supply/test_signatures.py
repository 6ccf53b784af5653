"""Keys and model signatures: verified with the right key and bytes, refused otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.supply import SupplyError, signatures
from gleis.supply.signatures import Key
from gleis.tools.environments import Environment


@pytest.fixture(scope="module")
def signer(tools: Environment, tmp_path_factory: pytest.TempPathFactory) -> Key:
    config = tmp_path_factory.mktemp("config")
    return signatures.key(tools, {"XDG_CONFIG_HOME": str(config)}, may_make=True)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"weights")
    (folder / "model.json").write_text("{}")
    return folder


def test_a_key_is_made_once_and_for_its_owner_only(tools: Environment, tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}

    first = signatures.key(tools, environ, may_make=True)
    second = signatures.key(tools, environ, may_make=True)

    assert first == second
    assert first.path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" in first.path.read_text()
    assert first.public.startswith("-----BEGIN PUBLIC KEY-----")
    assert [each.name for each in first.path.parent.iterdir()] == ["signing.key"]


def test_a_build_without_identity_and_key_is_told_what_to_do(
    tools: Environment, tmp_path: Path
) -> None:
    with pytest.raises(SupplyError, match=r"id-token: write.*GLEIS_SIGNING_KEY"):
        signatures.key(tools, {"XDG_CONFIG_HOME": str(tmp_path)}, may_make=False)
    assert list(tmp_path.iterdir()) == []


def test_a_named_key_is_never_made(tools: Environment, tmp_path: Path) -> None:
    named = {"GLEIS_SIGNING_KEY": str(tmp_path / "no.key")}

    with pytest.raises(SupplyError, match=r"no\.key does not exist"):
        signatures.key(tools, named, may_make=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_others_can_read_is_refused(tools: Environment, tmp_path: Path) -> None:
    path = tmp_path / "open.key"
    path.write_text("anything")
    path.chmod(0o644)

    with pytest.raises(SupplyError, match="chmod 600"):
        signatures.key(tools, {"GLEIS_SIGNING_KEY": str(path)}, may_make=True)


def test_what_is_no_key_is_refused(tools: Environment, tmp_path: Path) -> None:
    path = tmp_path / "bad.key"
    path.write_text("anything")
    path.chmod(0o600)

    with pytest.raises(SupplyError, match="is no private key in PEM"):
        signatures.key(tools, {"GLEIS_SIGNING_KEY": str(path)}, may_make=True)


def test_a_signed_model_verifies_until_something_changes(
    tools: Environment, signer: Key, model: Path, tmp_path: Path
) -> None:
    signature = tmp_path / "model.sig"
    signatures.sign_model(tools, model, signature, signer=signer)
    signatures.verify_model(tools, model, signature, public=signer.public)

    (model / "model.skops").write_bytes(b"weightz")
    with pytest.raises(SupplyError, match=r"does not hold.*model\.skops"):
        signatures.verify_model(tools, model, signature, public=signer.public)

    (model / "model.skops").write_bytes(b"weights")
    (model / "extra.py").write_text("import os")
    with pytest.raises(SupplyError, match=r"does not hold.*extra\.py"):
        signatures.verify_model(tools, model, signature, public=signer.public)


def test_another_key_does_not_verify(
    tools: Environment, signer: Key, model: Path, tmp_path: Path
) -> None:
    signature = tmp_path / "model.sig"
    signatures.sign_model(tools, model, signature, signer=signer)
    other = signatures.key(tools, {"XDG_CONFIG_HOME": str(tmp_path / "other")}, may_make=True)

    with pytest.raises(SupplyError, match="does not hold"):
        signatures.verify_model(tools, model, signature, public=other.public)


def test_the_payload_is_the_one_that_cosign_reads() -> None:
    assert signatures.payload("registry.example.com/ml/a", "sha256:0") == (
        '{"critical":{"identity":{"docker-reference":"registry.example.com/ml/a"},'
        '"image":{"docker-manifest-digest":"sha256:0"},'
        '"type":"cosign container image signature"},"optional":null}'
    )
    assert signatures.tag_of("sha256:0") == "sha256-0.sig"
