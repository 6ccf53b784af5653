"""The supply chain of an image and a model: build, list, scan, push, sign.

`builders` makes images, `archive` reads them, `registry` speaks to image registries, `boms` writes
bills of materials, `advisories` asks about vulnerabilities, `signatures` signs and verifies. What
needs a library that Gleis itself does without runs in `inside/`, in the environment of supply.lock.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gleis import resources
from gleis.errors import GleisError
from gleis.tools.environments import Environment, ensure
from gleis.tools.process import clean_env, run

LOCK = "requirements/supply.lock"
_INSIDE = Path(__file__).parent / "inside"


class SupplyError(GleisError):
    """Something about an image, its registry or a signature is not as it must be."""

    exit_code = 1


class Unreachable(SupplyError):
    """A registry or another service that is needed does not answer."""

    exit_code = 3


def environment(progress: Callable[[str], None] | None = None) -> Environment:
    """The environment of pip-audit, cyclonedx-bom and model-signing."""
    return ensure(resources.path(LOCK), name="supply", progress=progress)


def inside(
    made: Environment, script: str, request: dict[str, Any], *, timeout: float
) -> dict[str, Any]:
    """Run `inside/<script>` there: JSON on its standard input, JSON on its standard output.

    Raises SupplyError with the words of a refusal (`{"error": …}`), ToolFailed for a crash.
    """
    done = run(
        [made.python, "-P", _INSIDE / script],
        timeout=timeout,
        input=json.dumps(request),
        env=clean_env(),
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise SupplyError(answer["error"])
    return answer
