"""`lint`: ruff's checks and formatting, with the version and the settings of the project."""

from __future__ import annotations

import json
from typing import Any

from gleis.findings import Finding, Severity
from gleis.pipeline.stage import Context, Outcome
from gleis.tools import Completed, ToolFailed, process

_FOLDERS = ("src", "tests")


def _ruff(context: Context, *argv: str) -> Completed:
    """Run the project's ruff; without a cache, because a run leaves nothing outside `.gleis/`."""
    ruff = context.project_environment().bin / "ruff"
    folders = [name for name in _FOLDERS if (context.root / name).is_dir()]
    done = process.run(
        [ruff, *argv, "--no-cache", *folders],
        timeout=context.timeout,
        cwd=context.root,
        env=process.clean_env(NO_COLOR="1"),
    )
    with context.log.open("a", encoding="utf-8") as log:
        log.write(done.stdout + done.stderr)
    if done.returncode > 1:
        raise ToolFailed(f"ruff could not run:\n{done.stderr.strip()}", done)
    return done


def run(context: Context) -> Outcome:
    """Fail with one finding per place."""
    checked = _ruff(context, "check", "--output-format", "json")
    findings = [_finding(context, entry) for entry in json.loads(checked.stdout or "[]")]
    formatted = _ruff(context, "format", "--check")
    prefix = "Would reformat: "
    findings += [
        Finding(
            rule="ruff/format",
            severity=Severity.LOW,
            message="not formatted",
            remediation="Run `ruff format src tests`.",
            file=line.removeprefix(prefix),
        )
        for line in formatted.stdout.splitlines()
        if line.startswith(prefix)
    ]
    if not findings:
        return Outcome(summary="clean")
    places = "\n".join(
        f"  {each.file}:{each.line or 1} {each.message} ({each.rule})" for each in findings[:20]
    )
    return Outcome.failed(
        f"ruff found {len(findings)} place(s) to mend; `ruff check --fix` and `ruff format` mend "
        f"most of them:\n{places}",
        findings=tuple(each.to_dict() for each in findings),
    )


def _finding(context: Context, entry: dict[str, Any]) -> Finding:
    file = str(entry["filename"])
    root = f"{context.root.resolve()}/"
    return Finding(
        rule=f"ruff/{entry['code'] or 'syntax'}",
        severity=Severity.MEDIUM,
        message=str(entry["message"]),
        remediation=f"See {entry['url']}" if entry.get("url") else "Mend the syntax.",
        file=file.removeprefix(root),
        line=entry["location"]["row"],
        column=entry["location"]["column"],
    )
