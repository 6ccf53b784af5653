"""The error family of the room `gitops`."""

from __future__ import annotations

from gleis.errors import GleisError


class GitopsError(GleisError):
    """The call, a record or an address is wrong."""


class Refused(GitopsError):
    """The answer is no: a gate, a quota, or somebody else was faster. Nothing was changed."""

    exit_code = 1


class RemoteFailed(GitopsError):
    """The repository that holds the state, or its host, did not do what it was asked to."""

    exit_code = 3
