"""What has to be on the machine for these tests; without it they are NOT RUN, and say why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gleis.tools.errors import ToolMissing

from . import rig


def _not_run(config: pytest.Config, why: str) -> None:
    if config.getoption("--strict-tools"):
        pytest.fail(f"NOT RUN: {why}", pytrace=False)
    pytest.skip(f"NOT RUN: {why}")


@pytest.fixture(params=rig.MAJORS, ids=lambda major: f"helm{major}")
def helm(request: pytest.FixtureRequest) -> int:
    """The major version of a Helm that is there: each test runs with both."""
    major: int = request.param
    try:
        rig.helm(major)
    except ToolMissing as error:
        _not_run(request.config, str(error))
    return major


@pytest.fixture
def valid(request: pytest.FixtureRequest) -> Callable[[Iterable[Any]], None]:
    """A check that objects are valid for every version of Kubernetes, and all of their kinds known.

    Where there are no schemas of custom resources, what else was found is still a failure; the test
    then counts as NOT RUN with the kinds that nobody has looked at.
    """

    def check(objects: Iterable[Any]) -> None:
        verdict = rig.validate(objects)
        assert not verdict.problems, "\n".join(verdict.problems)
        if verdict.unknown and rig.crds() is None:
            kinds = ", ".join(sorted(verdict.unknown))
            _not_run(
                request.config,
                "there are no schemas of custom resources (GLEIS_CRD_SCHEMAS names their folder), "
                f"so nobody has looked at: {kinds}",
            )
        assert not verdict.unknown, f"kinds without a schema: {', '.join(sorted(verdict.unknown))}"

    return check
