"""`sign`: who signs, decided without reading a variable of any CI system."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from gleis.errors import GleisError, ToolMissing
from gleis.pipeline import ci
from gleis.stages import sign
from gleis.tools import catalogue


def jwt(**claims: str) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{body}.signature"


def system(answer: str | GleisError, running: bool = True) -> SimpleNamespace:
    def oidc_token(audience: str) -> str:
        assert audience == "sigstore"
        if isinstance(answer, GleisError):
            raise answer
        return answer

    build = SimpleNamespace(oidc_token=oidc_token)
    return SimpleNamespace(detect=lambda _: build if running else None)


def with_systems(monkeypatch: pytest.MonkeyPatch, **systems: Any) -> None:
    monkeypatch.setattr(ci, "systems", lambda: systems)


def test_a_build_that_gives_a_token_signs_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with_systems(monkeypatch, other=system("no", running=False), fake=system("t"))

    assert sign.identity({}) == (True, "t")


def test_a_build_without_a_token_is_still_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    with_systems(monkeypatch, fake=system(GleisError("not permitted")))

    assert sign.identity({}) == (True, "")


def test_a_laptop_has_no_identity_whatever_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with_systems(monkeypatch, local=system("mine"))

    assert sign.identity({}) == (False, "")
    assert sign.identity({"CI": "true"}) == (True, "")


def test_an_identity_without_cosign_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "find", lambda _: None)
    nobody: Any = None

    with pytest.raises(ToolMissing, match="cosign was not found; needed by"):
        sign._keyless(nobody, nobody, jwt(sub="s", iss="i"), "image", "sha256:0")


def test_the_claims_of_a_token_are_read() -> None:
    assert sign._claims(jwt(sub="repo:a/b:ref:main", iss="https://t.example.com")) == {
        "sub": "repo:a/b:ref:main",
        "iss": "https://t.example.com",
    }
