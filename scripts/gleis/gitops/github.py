"""Pull requests on GitHub and GitHub Enterprise, through the REST API.

https://docs.github.com/en/rest/pulls/pulls. The token is sent to the host's API alone: redirects
are not followed, and nothing that is printed or raised holds it.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gleis.gitops.errors import GitopsError, RemoteFailed
from gleis.gitops.git import VARIABLE
from gleis.gitops.state import Change, Opened

_TIMEOUT = 30.0  # seconds
_MAX_ANSWER = 2_000_000  # bytes
_VERSION = "2022-11-28"


@dataclass(frozen=True)
class Repo:
    """A repository on a host; `slug` is owner/name."""

    api: str
    slug: str
    token: str = field(repr=False)


def propose(state: Opened, change: Change) -> str:
    """Ask for the merge of a pushed branch; the address of the pull request."""
    location = state.location
    repo = Repo(api_of(location.host), location.slug, os.environ.get(VARIABLE, ""))
    subject, _, body = change.message.partition("\n")
    return pull_request(repo, state.branch, change.branch, subject, body.strip())


def api_of(host: str) -> str:
    """Where a host has its API."""
    return "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"


def pull_request(repo: Repo, base: str, head: str, title: str, body: str) -> str:
    """The address of the open pull request of `head` into `base`, opened if there is none.

    Raises GitopsError without a token, RemoteFailed when the host says no.
    """
    if not repo.token:
        raise GitopsError(
            f"a pull request on {repo.slug} needs a token: set {VARIABLE} to one that may write "
            f"pull requests there. The branch {head} was pushed and waits; run the command again"
        )
    asked = {"title": title, "head": head, "base": base, "body": body}
    status, answer = _call(repo, "POST", f"/repos/{repo.slug}/pulls", asked)
    if status == 201:
        return _address(answer)
    if status == 422:  # there may be one already, from an attempt that was cut off
        owner = repo.slug.partition("/")[0]
        query = f"state=open&head={quote(f'{owner}:{head}', safe='')}&base={quote(base, safe='')}"
        status_of_list, found = _call(repo, "GET", f"/repos/{repo.slug}/pulls?{query}")
        if status_of_list == 200 and isinstance(found, list) and found:
            return _address(found[0])
    raise RemoteFailed(
        f"{repo.slug} refused a pull request for {head} (status {status}): {_words(answer)}. The "
        "branch was pushed, nothing else was changed. Check the token's permissions "
        "(contents and pull requests: write); delete the branch if it was merged before"
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        return None


def _call(repo: Repo, method: str, path: str, payload: dict[str, Any] | None = None) -> Any:
    """Status and parsed answer; status 0 is never returned: no answer raises RemoteFailed."""
    data = None if payload is None else json.dumps(payload).encode()
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {repo.token}",
        "Content-Type": "application/json",
        "User-Agent": "gleis",
        "X-GitHub-Api-Version": _VERSION,
    }
    request = urllib.request.Request(repo.api + path, data, headers, method=method)
    opener = urllib.request.build_opener(_NoRedirect())
    try:
        with opener.open(request, timeout=_TIMEOUT) as response:
            return response.status, _parsed(response.read(_MAX_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _parsed(error.read(_MAX_ANSWER))
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise RemoteFailed(
            f"{repo.api} did not answer: {reason}. The branch was pushed; run the command again"
        ) from None


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return {}


def _address(answer: Any) -> str:
    address = str(answer.get("html_url", "")) if isinstance(answer, dict) else ""
    if not address.startswith(("https://", "http://")):
        raise RemoteFailed("the host opened a pull request but did not say where")
    return address


def _words(answer: Any) -> str:
    """What the host says, without anything that it was sent."""
    if not isinstance(answer, dict):
        return "no reason given"
    errors = answer.get("errors")
    more = [str(each.get("message", "")) for each in errors or () if isinstance(each, dict)]
    said = "; ".join(filter(None, [str(answer.get("message", "")), *more]))
    return said[:300] or "no reason given"
