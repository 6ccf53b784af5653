"""`sign`: the pushed digest and the model, each signed and at once verified.

In CI as the identity of the build (nothing is stored), by cosign; elsewhere, and where
GLEIS_SIGNING_KEY names one, with a key file.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from gleis import supply
from gleis.errors import GleisError
from gleis.pipeline import ci
from gleis.pipeline.stage import Context, Outcome
from gleis.supply import signatures
from gleis.supply.registry import Registry, split
from gleis.tools import catalogue, process
from gleis.tools.environments import Environment

AUDIENCE = "sigstore"
SIGNATURE = "model.sig"


def run(context: Context) -> Outcome:
    """Sign, then verify what was signed from where it now lies."""
    publication = context.read("publication.json")
    image, digest = publication["image"], publication["digest"]
    tools = supply.environment(context.say)
    building, token = identity(os.environ)
    if token and not os.environ.get(signatures.KEY_VARIABLE):
        facts = _keyless(context, tools, token, image, digest)
    else:
        facts = _with_key(context, tools, image, digest, may_make=not building)
    context.write("signatures.json", facts)
    return Outcome(details=facts, summary=f"signed and verified ({facts['kind']})")


def identity(environ: Any) -> tuple[bool, str]:
    """Whether this is a CI build, and the token that says which one ("" when it gives none)."""
    building = environ.get("CI", "").lower() == "true"
    for name, system in ci.systems().items():
        build = None if name == "local" else system.detect(environ)
        if build is None:
            continue
        building = True
        try:
            return True, build.oidc_token(AUDIENCE)
        except GleisError:
            break
    return building, ""


def _with_key(
    context: Context, tools: Environment, image: str, digest: str, *, may_make: bool
) -> dict[str, Any]:
    key = signatures.key(tools, os.environ, may_make=may_make)
    where = split(image)
    registry = Registry(where.host, where.repository)
    context.say("signing with a key file")
    tag = signatures.sign_image(tools, key, registry, image, digest)
    signatures.verify_image(tools, key.public, registry, image, digest)
    folder, signature = context.out("model"), context.out(SIGNATURE)
    signatures.sign_model(tools, folder, signature, signer=key)
    signatures.verify_model(tools, folder, signature, public=key.public)
    return {
        "kind": "key",
        "keyId": key.id,
        "publicKey": key.public,
        "image": {"name": image, "digest": digest, "signature": f"{image}:{tag}"},
        "model": {"folder": ".gleis/out/model", "signature": f".gleis/out/{SIGNATURE}"},
    }


def _keyless(
    context: Context, tools: Environment, token: str, image: str, digest: str
) -> dict[str, Any]:
    """As the build: a short-lived certificate in the build's name, and a public log entry."""
    cosign = catalogue.require("cosign")
    claims = _claims(token)
    subject, issuer = claims.get("job_workflow_ref") or claims["sub"], claims["iss"]
    if "job_workflow_ref" in claims:
        subject = f"https://{context.platform.git.host}/{subject}"
    context.say("signing as this build")
    named = f"{image}@{digest}"
    env = process.clean_env(SIGSTORE_ID_TOKEN=token)
    process.run([cosign, "sign", "--yes", named], timeout=context.timeout, env=env, check=True)
    process.run(
        [
            cosign, "verify", "--certificate-identity", subject,
            "--certificate-oidc-issuer", issuer, named,
        ],
        timeout=context.timeout,
        env=process.clean_env(),
        check=True,
    )  # fmt: skip
    folder, signature = context.out("model"), context.out(SIGNATURE)
    signatures.sign_model(tools, folder, signature, signer=None, token=token)
    signatures.verify_model(tools, folder, signature, identity=subject, issuer=issuer)
    return {
        "kind": "keyless",
        "identity": subject,
        "issuer": issuer,
        "image": {"name": image, "digest": digest, "signature": f"{image} (cosign)"},
        "model": {"folder": ".gleis/out/model", "signature": f".gleis/out/{SIGNATURE}"},
    }


def _claims(token: str) -> dict[str, Any]:
    """What the token says. The signature on it is for sigstore to check, not for us."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims
