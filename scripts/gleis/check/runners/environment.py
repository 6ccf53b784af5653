"""The environment that Checkov and detect-secrets share; no one else's packages are in it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gleis import resources
from gleis.check.inputs import provides
from gleis.tools.environments import Environment, ensure

LOCK = "requirements/check.lock"
Progress = Callable[[str], None] | None


class CheckEnvironment:
    """Makes the environment when it is first asked for: a repo may hold nothing to run it on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._guard = threading.Lock()
        self._made: Environment | None = None

    def get(self) -> Environment:
        """The environment. Raises ToolMissing or EnvironmentFailed."""
        with self._guard:
            if self._made is None:
                lock = resources.path(LOCK)
                self._made = ensure(lock, name="check", progress=self._progress)
            return self._made


@provides()
def check_environment(progress: Progress) -> CheckEnvironment:
    """Where the outside checkers live."""
    return CheckEnvironment(progress)
