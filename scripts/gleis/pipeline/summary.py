"""What a CI system shows of a run: a Markdown page, and findings at their lines."""

from __future__ import annotations

import html
import re
from pathlib import Path

from gleis import evidence
from gleis.evidence import FAILED, PASSED
from gleis.findings import Finding, Severity
from gleis.pipeline.graph import Graph, Occasion
from gleis.pipeline.progress import EXECUTED, Result

_MARKS = {EXECUTED: "✓ passed", FAILED: "✗ failed"}
_LONGEST_REASON = 8_000  # characters; GitHub takes 1 MiB for a whole step


def markdown(result: Result, occasion: Occasion) -> str:
    """The stages of a run as a table, then why those that failed did."""
    seconds = (result.finished - result.started).total_seconds()
    verdict = PASSED if result.exit_code == 0 else FAILED
    lines = [
        f"### gleis run: {verdict}",
        "",
        f"{occasion.event}, for {occasion.environment}, {seconds:.0f} s, run `{result.id}`",
        "",
        "| stage | state | seconds | |",
        "|---|---|---:|---|",
    ]
    lines += [
        f"| {each.stage} | {_MARKS.get(each.state, each.state)} | {each.seconds:.1f} "
        f"| {_cell(each.line)} |"
        for each in result.stages
    ]
    for stage, reason in result.reasons.items():
        lines += ["", f"**{stage}** did not pass:", "", *_verbatim(reason)]
    return "\n".join(lines) + "\n"


def pages(root: Path, graph: Graph, result: Result) -> list[str]:
    """What the stages of a run wrote for people: their outputs in Markdown, in order."""
    wrote = [each.stage for each in result.stages if each.state in (EXECUTED, FAILED)]
    files = [
        root / output
        for stage in wrote
        for output in graph.stages[stage].outputs
        if output.endswith(".md")
    ]
    return [file.read_text(encoding="utf-8") for file in files if file.is_file()]


def findings(root: Path, result: Result) -> list[Finding]:
    """What the failed stages found; where one found nothing in a file, that it failed, and why."""
    found: list[Finding] = []
    for stage, reason in result.reasons.items():
        record = evidence.read(root, stage)
        of_stage = [] if record is None else [_finding(each) for each in record.findings]
        places = [each for each in of_stage if each is not None and each.fails]
        first, _, rest = reason.partition("\n")
        found += places or [Finding(stage, Severity.HIGH, first, rest, None)]
    return found


def _finding(data: dict[str, object]) -> Finding | None:
    """A finding of the shape that `gleis check` writes; stages may keep others."""
    try:
        return Finding.from_dict(data)
    except (TypeError, ValueError, KeyError):
        return None


def _cell(text: str) -> str:
    """`text` as one cell of a table, and as text only: no markup, no mention of a person."""
    plain = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_\[\]|#@!~])", r"\\\1", plain)


def _verbatim(text: str) -> list[str]:
    """`text` in a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    cut = text[:_LONGEST_REASON] + ("…" if len(text) > _LONGEST_REASON else "")
    return [f"{fence}text", cut, fence]
