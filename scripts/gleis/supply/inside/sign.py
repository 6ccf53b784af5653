"""Sign and verify with a key or as the CI build: JSON in, JSON out.

Models with OpenSSF model-signing, the digest of an image as cosign does it ("simple signing").
Tokens come on standard input: a command line can be read by every user of the machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ECDSA = ec.ECDSA(hashes.SHA256())


class Refused(Exception):
    """A signature or a key is not what it must be."""


def new_key(path: str) -> dict[str, Any]:
    """A new key pair on the curve P-256; the private half for its owner's eyes only."""
    import os

    key = ec.generate_private_key(ec.SECP256R1())
    raw = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(fresh, target)  # never over a key that another run made meanwhile
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return public_key(path)


def public_key(path: str) -> dict[str, Any]:
    """The public half (PEM) of the key at `path`, and the SHA-256 of it (DER) as its name."""
    public = _private(path).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {"publicKey": pem.decode(), "keyId": hashlib.sha256(der).hexdigest()}


def sign_bytes(key: str, payload: str) -> dict[str, Any]:
    """An ECDSA signature (base64 of DER) of the text `payload`."""
    return {"signature": base64.b64encode(_private(key).sign(payload.encode(), _ECDSA)).decode()}


def verify_bytes(public: str, payload: str, signature: str) -> dict[str, Any]:
    """Refuse a signature that was not made over `payload` with the private half of `public`."""
    try:
        _public(public).verify(base64.b64decode(signature), payload.encode(), _ECDSA)
    except (InvalidSignature, ValueError):
        raise Refused("the signature was not made over these bytes with this key") from None
    return {}


def sign_model(folder: str, signature: str, key: str = "", token: str = "") -> dict[str, Any]:
    """Sign every file of a model folder: with `key`, or as the identity in `token`."""
    from model_signing import signing

    config = signing.Config()
    if token:
        config.use_sigstore_signer(identity_token=token)
    else:
        config.use_elliptic_key_signer(private_key=Path(key))
    config.sign(folder, Path(signature))
    return {}


def verify_model(
    folder: str, signature: str, public: str = "", identity: str = "", issuer: str = ""
) -> dict[str, Any]:
    """Refuse a model folder with another file, another byte or another signer."""
    import tempfile

    from model_signing import verifying

    config = verifying.Config()
    try:
        if identity:
            config.use_sigstore_verifier(identity=identity, oidc_issuer=issuer)
            config.verify(folder, Path(signature))
            return {}
        with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
            pem.write(public.encode())
            pem.flush()
            config.use_elliptic_key_verifier(public_key=Path(pem.name))
            config.verify(folder, Path(signature))
    except ValueError as error:
        raise Refused(f"the signature of {folder} does not hold: {error}") from None
    return {}


def _private(path: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(Path(path).read_bytes(), None)
    except OSError as error:
        raise Refused(f"the signing key {path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise Refused(
            f"{path} is no private key in PEM without a password; make one with "
            "`openssl ecparam -name prime256v1 -genkey -noout -out KEY`"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused(f"{path} is no elliptic-curve key")
    return key


def _public(pem: str) -> ec.EllipticCurvePublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refused("not an elliptic-curve key")
    return key


def main() -> None:
    asked = json.load(sys.stdin)
    functions = (new_key, public_key, sign_bytes, verify_bytes, sign_model, verify_model)
    chosen = next(each for each in functions if each.__name__ == asked["function"])
    out = sys.stdout
    sys.stdout = sys.stderr  # libraries print; the answer stands alone
    try:
        answer = chosen(**asked["arguments"])
    except Refused as error:
        answer = {"error": str(error)}
    json.dump(answer, out)


if __name__ == "__main__":
    main()
