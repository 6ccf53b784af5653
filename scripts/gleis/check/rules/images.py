"""Family IMG: container images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gleis.check.rule import Violation, rule
from gleis.check.runners.checkov import CheckovResult

# Checkov names a check by what it ensures; these say what was found instead.
_FOUND = {
    "CKV_DOCKER_3": "no USER is set, so the container runs as root",
    "CKV_DOCKER_8": "the last USER is root",
    "CKV_GLEIS_DOCKER_1": "an image is taken by its tag, not by its digest",
    "CKV_GLEIS_DOCKER_2": "the last stage runs as root, or as a user that nobody can tell",
}
CHECKS = frozenset(_FOUND)


@rule()
class SOP005:
    """Images start from a pinned base and do not run as root."""

    @staticmethod
    def check(checkov_docker: Sequence[CheckovResult]) -> Iterator[Violation]:
        """What Checkov's checks and ours in ci/checkov find; a skip without a waiver counts."""
        for result in checkov_docker:
            if result.check not in CHECKS:
                continue
            found = _FOUND[result.check]
            if result.skipped:
                found = f"a comment skips {result.check} ({result.name}); only a waiver may"
            yield Violation(
                found, result.file, result.line, context=f"{result.check} {result.skipped}"
            )
