"""`test`: the project's own tests, with pytest, in the job's worker."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from gleis.pipeline.stage import OUT, BadOutput, Context, Outcome

_NO_TESTS = 5  # pytest's exit code when it collected nothing


def run(context: Context) -> Outcome:
    """Fail with pytest's own summary; a project without tests fails too."""
    context.out("").mkdir(parents=True, exist_ok=True)
    argv = ["-q", "-p", "no:cacheprovider", "--color=no", f"--junitxml={OUT}/test.xml", "tests"]
    answer = context.worker().module("pytest", argv, log=context.log, timeout=context.timeout)
    if answer.code == _NO_TESTS:
        return Outcome.failed(
            "there is no test in tests/: write one for what the model must get right"
        )
    if answer.code > 1:
        return context.broke(answer, "pytest")
    counts = _counts(context)
    details = {"tests": counts}
    said = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    if answer.code:
        return Outcome.failed(f"pytest: {said}\n{context.last_words(15)}", details=details)
    return Outcome(details=details, summary=said)


def _counts(context: Context) -> dict[str, int]:
    try:
        # Written by pytest a moment ago; entities are not expanded by this parser's defaults.
        suite = next(ElementTree.parse(context.out("test.xml")).iter("testsuite"))
    except (OSError, ElementTree.ParseError, StopIteration):
        raise BadOutput(f"{OUT}/test.xml cannot be read: run again") from None
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    passed = number["tests"] - failed - number["skipped"]
    return {"passed": passed, "failed": failed, "skipped": number["skipped"]}
