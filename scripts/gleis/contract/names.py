"""Names for namespaces, images, buckets and branches: the one function that makes them fit.

A cluster takes labels of at most 63 letters, digits and hyphens (DNS-1123,
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/); other systems take less.
"""

from __future__ import annotations

import hashlib
import re

DNS_LABEL = 63
_HASH = 8  # hexadecimal digits: a clash of two names of one organisation is not to be expected
_SHORTEST = _HASH + 2  # a letter, a hyphen, the hash
_NOT_ALLOWED = re.compile(r"[^a-z0-9]+")
_VALID = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


def fit(*parts: str, limit: int = DNS_LABEL) -> str:
    """`parts` joined by hyphens, as a DNS-1123 label of at most `limit` characters.

    What fits is kept as it is. What had to be cut or changed ends in a hash of all of it, so that
    it is the same every time and two different names do not become one. Raises ValueError when
    `limit` leaves no room for the hash.
    """
    if limit < _SHORTEST:
        raise ValueError(f"a name needs {_SHORTEST} characters at least, not {limit}")
    joined = "-".join(parts)
    if len(joined) <= limit and _VALID.fullmatch(joined):
        return joined
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    readable = _NOT_ALLOWED.sub("-", joined.lower()).strip("-")[: limit - _HASH - 1].strip("-")
    if not readable or not readable[0].isalpha():
        readable = f"x-{readable}"[: limit - _HASH - 1].strip("-")
    return f"{readable}-{digest}"


def namespace(team: str, project: str, environment: str) -> str:
    """The namespace that a project has in the clusters of an environment."""
    return fit(team, project, environment)
