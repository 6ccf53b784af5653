"""The run of a workflow that this process is part of. Only this file reads `GITHUB_*`."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.errors import GleisError
from gleis.findings import Finding, Severity
from gleis.pipeline.ci.github.words import as_dict, as_list

_TIMEOUT = 20.0  # seconds
_EVENT_BYTES = 30_000_000  # GitHub's payloads end at 25 MB


@dataclass(frozen=True)
class Build:
    """A run of a workflow."""

    event: str
    branch: str | None
    commit: str | None
    change_request: str | None
    build_url: str | None
    environ: Mapping[str, str]
    name: str = "github"

    def approver(self, environment: str) -> str:
        """Login of the reviewer who let this run go on, unless it is who started it.

        https://docs.github.com/rest/actions/workflow-runs: review history of a workflow run.
        """
        api, repo = self.environ.get("GITHUB_API_URL", ""), self.environ.get("GITHUB_REPOSITORY")
        run, token = self.environ.get("GITHUB_RUN_ID"), self.environ.get("GITHUB_TOKEN", "")
        if not (api and repo and run and token):
            return ""
        url = f"{api}/repos/{repo}/actions/runs/{run}/approvals"
        reviews = _ask(url, token, "the approvals of this run", lambda answer: answer)
        starters = {self.environ.get(f"GITHUB_{who}") for who in ("ACTOR", "TRIGGERING_ACTOR")}
        for review in as_list(reviews):
            names = {
                as_dict(each).get("name") for each in as_list(as_dict(review).get("environments"))
            }
            login = str(as_dict(as_dict(review).get("user")).get("login", ""))
            if as_dict(review).get("state") == "approved" and environment in names:
                return "" if login in starters else login
        return ""

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Workflow commands; GitHub reads them from standard error as well."""
        for finding in findings:
            print(command(finding), file=sys.stderr, flush=True)

    def publish_summary(self, markdown: str) -> None:
        """Add to the page of the job."""
        target = self.environ.get("GITHUB_STEP_SUMMARY")
        if not target:
            return
        try:
            with Path(target).open("a", encoding="utf-8") as stream:
                stream.write(markdown.rstrip("\n") + "\n")
        except OSError as error:  # what was judged stays judged, shown or not
            print(f"the summary was not published: {error.strerror}", file=sys.stderr)

    def store_artifact(self, path: Path) -> None:
        """Put the file where the job's last step takes everything from: `.gleis/run/`."""
        kept = Path(self.environ.get("GITHUB_WORKSPACE", ".")).resolve() / ".gleis" / "run"
        if not path.resolve().is_relative_to(kept.parent):
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, kept / path.name)

    def oidc_token(self, audience: str) -> str:
        """Ask GitHub's token end-point. No message ever holds the answer or our own credential."""
        url = self.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        credential = self.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if not url or not credential:
            raise GleisError(
                "GitHub offers this job no identity token: give it `id-token: write` "
                "under `permissions`, in the caller as well (pull requests from forks get none)"
            )
        from urllib.parse import quote, urlsplit

        separator = "&" if urlsplit(url).query else "?"
        asked = f"{url}{separator}audience={quote(audience, safe='')}"
        return str(_ask(asked, credential, "an identity token", lambda answer: answer["value"]))


class _NoAnswer(GleisError):
    """GitHub is there and does not answer as it should."""

    exit_code = 3


def _ask(url: str, credential: str, what: str, part: Callable[[Any], Any]) -> Any:
    """`part` of what GitHub answers. No message ever holds the answer or the credential."""
    from urllib import error as refusals
    from urllib import parse, request

    class NoRedirect(request.HTTPRedirectHandler):
        """A redirect would carry our credential to another host."""

        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    where = parse.urlsplit(url)
    if where.scheme != "https" and where.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise GleisError(f"the end-point for {what} is not HTTPS: nothing was sent")
    headers = {"Authorization": f"bearer {credential}", "Accept": "application/json"}
    asked = request.Request(url, headers=headers)
    try:
        with request.build_opener(NoRedirect).open(asked, timeout=_TIMEOUT) as got:
            return part(json.loads(got.read(1_000_000)))
    except refusals.HTTPError as error:
        raise _NoAnswer(f"GitHub refused {what}: HTTP {error.code}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _NoAnswer(
            f"GitHub did not give {what} ({type(error).__name__}): run the job again"
        ) from None


def detect(environ: Mapping[str, str]) -> Build | None:
    """The run of a workflow that this process is part of. Only this file reads `GITHUB_*`."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    payload = _payload(environ.get("GITHUB_EVENT_PATH", ""))
    ref = environ.get("GITHUB_REF", "")
    change = re.fullmatch(r"refs/pull/(\d+)/\w+", ref)
    run = [environ.get(name, "") for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server = environ.get("GITHUB_SERVER_URL", "")
    return Build(
        event=event_of(environ.get("GITHUB_EVENT_NAME", ""), ref, payload),
        branch=environ.get("GITHUB_HEAD_REF") or _branch(ref),
        commit=environ.get("GITHUB_SHA") or None,
        change_request=change.group(1) if change else None,
        build_url="{}/{}/actions/runs/{}".format(server, *run) if server and all(run) else None,
        environ=environ,
    )


def event_of(name: str, ref: str, payload: Mapping[str, Any]) -> str:
    """GitHub's event as one of the graph's. Whatever is not known may do the least: a proposal."""
    match name:
        case "push" if ref.startswith("refs/tags/"):
            return "tag"
        case "push":
            default = as_dict(payload.get("repository")).get("default_branch")
            return "main" if default and ref == f"refs/heads/{default}" else "pull-request"
        case "schedule":
            return "schedule"
        case "workflow_dispatch":
            return "manual"
        case "repository_dispatch" if payload.get("action") == "drift":
            return "drift"
    return "pull-request"


def command(finding: Finding) -> str:
    """The workflow command that shows `finding` at its line; nothing in it can end it early.

    Escapes: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    """
    level = "error"
    if not finding.fails:
        level = "notice"
    elif finding.severity <= Severity.LOW:
        level = "warning"
    properties = {"file": finding.file, "line": finding.line, "title": finding.rule}
    if finding.line:
        properties["col"] = finding.column
    said = ",".join(f"{key}={_escaped(str(it), ':,')}" for key, it in properties.items() if it)
    text = f"{finding.message}\n{finding.remediation}".strip()
    return f"::{level} {said}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    # Python's other line breaks (U+2028 …) end a line for some readers too.
    text = "\n".join(text.splitlines())
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _branch(ref: str) -> str | None:
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None


def _payload(path: str) -> dict[str, Any]:
    try:
        with Path(path).open("rb") as stream:
            return as_dict(json.loads(stream.read(_EVENT_BYTES)))
    except (OSError, ValueError):
        return {}
