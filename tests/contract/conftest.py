"""Fixtures of the contract's tests: the platform that projects are checked against."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.contract import platform
from gleis.contract.platform import Platform

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def organisation() -> Platform:
    return platform.load(HERE.parent.parent / "platform.yaml")
