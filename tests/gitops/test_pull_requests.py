"""Where a host has pull requests, a change is proposed: a branch, and a request to merge it.

The host's API is played by a server on this machine that keeps what it was sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from gleis import resources
from gleis.contract import platform
from gleis.gitops import github, promotion
from gleis.gitops.errors import GitopsError, RemoteFailed
from gleis.gitops.location import PULL_REQUEST, locate
from gleis.gitops.promotion import Promoted
from gleis.gitops.state import Change, Opened

from .conftest import Shop, git

BADGE = "shown-to-the-host-alone"
SLUG = "example-org/state"


@dataclass
class Host:
    """A host's API: answers by method and path, and the requests that came."""

    url: str = ""
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def host() -> Iterator[Host]:
    found = Host()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            sent = {"method": self.command, "path": self.path, "body": body}
            found.asked.append({**sent, "headers": dict(self.headers)})
            key = f"{self.command} {self.path.partition('?')[0]}"
            status, content = found.answers[key].pop(0)
            self.send_response(status)
            if status in (301, 307):
                self.send_header("Location", content)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def propose_to(host: Host, token: str = BADGE) -> promotion.Propose:
    def propose(state: Opened, change: Change) -> str:
        subject, _, body = change.message.partition("\n")
        repo = github.Repo(host.url, SLUG, token)
        return github.pull_request(repo, state.branch, change.branch, subject, body.strip())

    return propose


def proposed(shop: Shop, host: Host, token: str = BADGE) -> Promoted:
    where = replace(shop.location, mode=PULL_REQUEST)
    request = shop.request("run", "dev")
    return promotion.promote(request, where, propose=propose_to(host, token))


PULLS = f"/repos/{SLUG}/pulls"
PAGE = "https://git.example.com/example-org/state/pull/7"


def test_a_promotion_is_proposed_from_a_branch_of_one_commit_of_one_file(
    shop: Shop, host: Host
) -> None:
    host.answers[f"POST {PULLS}"] = [(201, {"html_url": PAGE})]
    head = git(shop.state, "rev-parse", "main")
    done = proposed(shop, host)

    assert done.landed.proposal == PAGE
    assert git(shop.state, "rev-parse", "main") == head, "nothing runs before it is merged"
    (asked,) = host.asked
    branch = asked["body"]["head"]
    assert branch.startswith("promote/drivetrain-bearing-wear-dev-")
    assert asked["body"]["base"] == "main"
    assert asked["body"]["title"] == "Promote drivetrain/bearing-wear v1 to dev"
    assert "Evidence: sha256:" in asked["body"]["body"]
    assert asked["headers"]["Authorization"] == f"Bearer {BADGE}"
    assert git(shop.state, "diff", "--name-only", "main", branch).split() == [
        f"{shop.folder}/dev.yaml"
    ]
    assert git(shop.state, "rev-parse", f"{branch}^") == head


def test_an_attempt_that_was_cut_off_is_taken_up_again(shop: Shop, host: Host) -> None:
    host.answers[f"POST {PULLS}"] = [(500, {}), (422, {"message": "Validation Failed"})]
    host.answers[f"GET {PULLS}"] = [(200, [{"html_url": PAGE}])]
    with pytest.raises(RemoteFailed, match="status 500"):
        proposed(shop, host)
    assert proposed(shop, host).landed.proposal == PAGE
    assert len(git(shop.state, "branch", "--list", "promote/*").splitlines()) == 1
    assert "head=example-org%3Apromote%2F" in host.asked[-1]["path"]


def test_a_rollback_is_proposed_too(shop: Shop, host: Host) -> None:
    from gleis.gitops import rollback

    shop.promote()
    shop.ran(2)
    shop.promote()
    host.answers[f"POST {PULLS}"] = [(201, {"html_url": PAGE})]
    where = replace(shop.location, mode=PULL_REQUEST)
    asked = rollback.Request(shop.root, shop.platform, "drivetrain", shop.name, "dev", "slow")
    done = rollback.roll_back(asked, where, propose=propose_to(host))
    assert done.landed.proposal == PAGE
    assert host.asked[0]["body"]["title"] == "Roll back drivetrain/bearing-wear v2 to v1 in dev"


def test_a_refusal_is_told_without_the_token(shop: Shop, host: Host) -> None:
    host.answers[f"POST {PULLS}"] = [
        (403, {"message": "Resource not accessible", "errors": [{"message": "no scope"}]})
    ]
    with pytest.raises(RemoteFailed, match="Resource not accessible; no scope") as caught:
        proposed(shop, host)
    assert BADGE not in str(caught.value)
    assert BADGE not in repr(github.Repo("https://api", SLUG, BADGE))


def test_without_a_token_nobody_is_asked(shop: Shop, host: Host) -> None:
    with pytest.raises(GitopsError, match="GLEIS_GITOPS_TOKEN"):
        proposed(shop, host, token="")
    assert host.asked == []


def test_the_token_does_not_follow_a_redirect(shop: Shop, host: Host) -> None:
    host.answers[f"POST {PULLS}"] = [(307, f"{host.url}/elsewhere")]
    with pytest.raises(RemoteFailed, match="status 307"):
        proposed(shop, host)
    assert [each["path"] for each in host.asked] == [PULLS]


@pytest.mark.parametrize("answer", [{}, [], {"html_url": "javascript:alert(1)"}, "text"])
def test_an_answer_that_makes_no_sense_is_an_error(shop: Shop, host: Host, answer: object) -> None:
    host.answers[f"POST {PULLS}"] = [(201, answer)]
    with pytest.raises(RemoteFailed, match="did not say where"):
        proposed(shop, host)


def test_a_host_that_is_not_there_is_an_error(shop: Shop) -> None:
    nobody = Host(url="http://127.0.0.1:9")
    with pytest.raises(RemoteFailed, match="did not answer"):
        proposed(shop, nobody)


def located(shop: Shop, gitops: str) -> Any:
    text = shop.platform_file.read_text()
    shop.platform_file.write_text(text.replace("repo: ../state.git", gitops))
    return locate(platform.load(shop.platform_file), shop.platform_file)


def test_a_host_takes_pull_requests_and_a_folder_takes_pushes(shop: Shop) -> None:
    assert shop.location.mode == "push"
    found = located(shop, "repo: git@git.example.com:example-org/state.git")
    assert (found.mode, found.host, found.slug) == (PULL_REQUEST, "git.example.com", SLUG)
    assert found.url == "ssh://git@git.example.com/example-org/state.git"
    assert found.schema.startswith("https://github.com/example-org/gleis/raw/v")


def test_a_host_may_be_pushed_to_where_the_platform_says_so(shop: Shop) -> None:
    found = located(shop, "repo: https://git.example.com/example-org/state\n  mode: push")
    assert found.mode == "push"


def test_a_folder_has_no_pull_requests(shop: Shop) -> None:
    with pytest.raises(GitopsError, match="has no host"):
        located(shop, "repo: ../state.git\n  mode: pull-request")


def test_an_installed_gleis_finds_the_platform_at_its_host(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a project's own `.venv`: the repository around it is the project's, not the platform's.
    git(tmp_path, "init", "-q", str(shop.platform_file.parent))
    git(shop.platform_file.parent, "remote", "add", "origin", "https://example.com/project.git")
    assert located(shop, "repo: .").url == "https://example.com/project.git"
    monkeypatch.setattr(resources, "_PACKED", shop.platform_file.parent)
    assert located(shop, "repo: .").url == "https://github.com/example-org/gleis.git"


@pytest.mark.parametrize("repo", ["ext::sh", "https://a:b@example.com/o/r"])
def test_a_platform_that_names_an_odd_repository_is_refused(shop: Shop, repo: str) -> None:
    with pytest.raises(GitopsError):
        located(shop, f"repo: '{repo}'")


@pytest.mark.parametrize(
    ("host_name", "api"),
    [("github.com", "https://api.github.com"), ("git.corp", "https://git.corp/api/v3")],
)
def test_the_api_of_a_host(host_name: str, api: str) -> None:
    assert github.api_of(host_name) == api
