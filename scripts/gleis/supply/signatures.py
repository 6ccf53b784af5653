"""Signatures of a pushed digest and of a model folder, made and verified.

The signature of an image lies beside it in the registry, where cosign looks for it
(https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md): with the public key,
`cosign verify --key KEY --insecure-ignore-tlog IMAGE@DIGEST` says yes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.supply import SupplyError, inside
from gleis.supply.archive import CONFIG, manifest_of
from gleis.supply.registry import Registry
from gleis.tools.environments import Environment

KEY_VARIABLE = "GLEIS_SIGNING_KEY"
_PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
_SIGNATURE = "dev.cosignproject.cosign/signature"
_TIMEOUT = 300.0  # seconds; a large model is hashed in it


@dataclass(frozen=True)
class Key:
    """A key pair: where the private half lies, the public half as PEM, and its name."""

    path: Path
    public: str
    id: str


def key(tools: Environment, environ: Mapping[str, str], *, may_make: bool) -> Key:
    """The key that GLEIS_SIGNING_KEY names, else the user's own, made the first time it is needed.

    `may_make` is false in CI, where a key that nobody knows would sign nothing that anybody trusts.
    Raises SupplyError.
    """
    named = environ.get(KEY_VARIABLE)
    path = Path(named).expanduser().absolute() if named else _own(environ)
    if not path.exists() and (named or not may_make):
        where = f"{KEY_VARIABLE}={named} does not exist" if named else "there is no signing key"
        raise SupplyError(
            f"{where}, and no identity of a CI build either. In CI, let the job ask for an "
            "identity token (permission `id-token: write`, or an OIDC credential of Jenkins); "
            f"elsewhere set {KEY_VARIABLE} to a private key on P-256 in PEM"
        )
    if path.exists() and path.stat().st_mode & 0o077:
        raise SupplyError(f"{path} can be read by others than its owner: chmod 600 {path}")
    function = "public_key" if path.exists() else "new_key"
    said = _call(tools, function, path=str(path))
    return Key(path, said["publicKey"], said["keyId"])


def _own(environ: Mapping[str, str]) -> Path:
    told = environ.get("XDG_CONFIG_HOME")
    base = Path(told) if told and Path(told).is_absolute() else Path.home() / ".config"
    return base / "gleis" / "signing.key"


def payload(image: str, digest: str) -> str:
    """What is signed for an image: its name and its digest, as cosign writes them."""
    return json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": image},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": None,
        },
        separators=(",", ":"),
    )


def sign_image(tools: Environment, signer: Key, registry: Registry, image: str, digest: str) -> str:
    """Sign `digest` and put the signature beside it; the tag that it has there."""
    text = payload(image, digest)
    signed = _call(tools, "sign_bytes", key=str(signer.path), payload=text)["signature"]
    blob = registry.put_blob(_PAYLOAD, text.encode())
    settings = {
        "architecture": "",
        "os": "",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [blob.digest]},
    }
    config = registry.put_blob(CONFIG, json.dumps(settings, separators=(",", ":")).encode())
    manifest = json.loads(manifest_of(config, [blob]))
    manifest["layers"][0]["annotations"] = {_SIGNATURE: signed}
    tag = tag_of(digest)
    registry.put_manifest(tag, json.dumps(manifest, separators=(",", ":")).encode())
    return tag


def verify_image(
    tools: Environment, public: str, registry: Registry, image: str, digest: str
) -> None:
    """Read the signature back from the registry and verify it. Raises SupplyError."""
    raw = registry.manifest(tag_of(digest))
    if raw is None:
        raise SupplyError(f"{image}@{digest} has no signature in the registry")
    (layer,) = json.loads(raw)["layers"]
    text = registry.blob(layer["digest"]).decode()
    if text != payload(image, digest):
        raise SupplyError(f"the signature beside {image}@{digest} speaks of something else: {text}")
    signed = layer.get("annotations", {}).get(_SIGNATURE, "")
    _call(tools, "verify_bytes", public=public, payload=text, signature=signed)


def tag_of(digest: str) -> str:
    """Where cosign looks for the signature of `digest`."""
    return digest.replace(":", "-") + ".sig"


def sign_model(
    tools: Environment, folder: Path, signature: Path, *, signer: Key | None, token: str = ""
) -> None:
    """Sign a model folder into `signature`: as the identity in `token`, else with the key."""
    scratch = signature.with_name(f".{signature.name}.{os.getpid()}")
    by = {"token": token} if signer is None else {"key": str(signer.path)}
    try:
        _call(tools, "sign_model", folder=str(folder), signature=str(scratch), **by)
        scratch.replace(signature)
    finally:
        scratch.unlink(missing_ok=True)


def verify_model(tools: Environment, folder: Path, signature: Path, **by: str) -> None:
    """Verify with `public` (PEM), or `identity` and `issuer`. Raises SupplyError."""
    _call(tools, "verify_model", folder=str(folder), signature=str(signature), **by)


def _call(tools: Environment, function: str, **arguments: Any) -> dict[str, Any]:
    request = {"function": function, "arguments": arguments}
    return inside(tools, "sign.py", request, timeout=_TIMEOUT)
