"""Terraform, and a copy of `terraform/` that the tests of one process share."""

from __future__ import annotations

from pathlib import Path

import pytest

from .rig import Terraform, copy, find


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return find(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `terraform/`. Run in it, but change nothing: others use it after you."""
    return copy(tmp_path_factory.mktemp("tree"))
