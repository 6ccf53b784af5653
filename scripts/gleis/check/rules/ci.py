"""Family CI: what runs on the organisation's runners."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gleis.check.rule import ANY, Violation, rule
from gleis.check.sources.ci import Pipeline, Use

_SHA = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"docker://\S+@sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"v?\d+(\.\d+)*\S*")


@rule(applies=ANY)
class SOP003:
    """Code that CI takes from elsewhere is named by its commit."""

    @staticmethod
    def check(
        workflows: Sequence[Pipeline], jenkinsfiles: Sequence[Pipeline]
    ) -> Iterator[Violation]:
        """`uses: x@<40 hex> # vX.Y.Z`, `docker://x@sha256:…`, `@Library('x@<40 hex>')`."""
        for workflow in workflows:
            for use in workflow.uses:
                yield from _workflow_use(use)
        for jenkinsfile in jenkinsfiles:
            for use in jenkinsfile.uses:
                name, _, reference = use.value.partition("@")
                if not _SHA.fullmatch(reference):
                    yield _loose(use, name, reference)


def _workflow_use(use: Use) -> Iterator[Violation]:
    if use.value.startswith("./"):
        return  # the repo itself, at the commit that runs
    if use.value.startswith("docker://"):
        if not _DIGEST.fullmatch(use.value):
            yield Violation(
                f"the image {use.value} is not pinned by digest", use.file, use.line, use.column
            )
        return
    name, _, reference = use.value.rpartition("@")
    if not _SHA.fullmatch(reference):
        yield _loose(use, name or reference, reference if name else "")
    elif not _VERSION.match(use.comment):
        yield Violation(
            f"no comment says which version of {name} the commit is",
            use.file,
            use.line,
            use.column,
            remediation=f"Write the release behind it: `uses: {use.value} # v1.2.3`.",
        )


def _loose(use: Use, name: str, reference: str) -> Violation:
    what = f"{name}@{reference} is not pinned" if reference else f"{name} is not pinned"
    message = f"{what} to a commit: what runs may change without a review"
    return Violation(message, use.file, use.line, use.column)
