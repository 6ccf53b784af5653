"""Addresses, names and repositories that somebody made to do harm."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleis.contract import ContractError
from gleis.gitops import records, tenants
from gleis.gitops.errors import GitopsError
from gleis.gitops.git import SCHEMES, checked_url, environment

from .conftest import Shop, git

REFUSED = [
    "--upload-pack=touch /tmp/x",
    "-oProxyCommand=touch",
    "ext::sh -c touch% x",
    "ext::sh",
    "fd::17/foo",
    "http://example.com/o/r.git",
    "git://example.com/o/r.git",
    "ftp://example.com/o/r.git",
    "ssh://-oProxyCommand=touch/o/r.git",
    "ssh://-l@example.com/o/r.git",
    "ssh://exam ple.com/o/r.git",
    "https://user:secret@example.com/o/r.git",
    "https://token@example.com/o/r.git",
    "https://example.com",
    "https://example.com/o/r.git?x=--upload-pack",
    "https://example.com/o/r.git#x",
    "https://example.com:99999/o/r.git",
    "https:///o/r.git",
    "file://elsewhere/folder/r.git",
    "file://relative",
    "https://example.com/o/r.git\n[core]\n\tfsmonitor = touch /tmp/x",
    "-u@example.com:o/r.git",
    "\u202ehttps://example.com/o/r.git",
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_git_could_be_fooled_with_is_refused(url: str) -> None:
    with pytest.raises(GitopsError) as caught:
        checked_url(url)
    assert caught.value.exit_code == 2
    assert "secret" not in str(caught.value)
    assert "token@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://example.com/o/r.git", None),
        ("https://example.com:8443/o/r", None),
        ("ssh://git@example.com/o/r.git", None),
        ("git@example.com:o/r.git", "ssh://git@example.com/o/r.git"),
        ("file:///srv/r.git", None),
    ],
)
def test_an_honest_address_is_taken(url: str, wanted: str | None) -> None:
    assert checked_url(url) == (wanted or url)


@settings(deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[a-z+]{1,8}:{1,2}/{0,3}[^\n]{0,30}", fullmatch=True))
def test_no_address_gets_through_that_has_another_scheme_or_is_an_option(text: str) -> None:
    try:
        url = checked_url(text)
    except GitopsError:
        return
    assert url.partition("://")[0] in SCHEMES
    assert url.isprintable()
    assert " " not in url


@pytest.mark.parametrize("place", ["ext::sh -c 'touch OWNED'", "ext::touch OWNED"])
def test_an_address_that_is_a_program_is_never_run(shop: Shop, tmp_path: Path, place: str) -> None:
    owned = tmp_path / "OWNED"
    done = shop.gleis("tenant", "add", place.replace("OWNED", str(owned)))
    assert done.returncode == 2
    assert "Allowed: https, ssh, file" in done.stderr or "not the address" in done.stderr
    assert not owned.exists()


def test_an_option_in_place_of_an_address_is_refused(shop: Shop, tmp_path: Path) -> None:
    owned = tmp_path / "OWNED"
    done = shop.gleis("tenant", "add", "--", f"--upload-pack=touch${{IFS}}{owned}")
    assert done.returncode == 2
    assert "option of git" in done.stderr
    assert not owned.exists()


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "", "A", "-x", "a" * 41, "x\n"])
def test_a_name_that_leads_somewhere_else_is_refused(name: str) -> None:
    with pytest.raises(GitopsError, match="not the name of a"):
        records.folder("argocd/tenants", name, "project")
    with pytest.raises(GitopsError, match="not the name of a"):
        records.folder("argocd/tenants", "team", name)


def test_a_contract_with_such_a_name_is_refused(shop: Shop) -> None:
    shop.edit("team: drivetrain", "team: ../../drivetrain")
    done = shop.gleis("tenant", "add", ".", "--repository", "https://example.com/r.git")
    assert done.returncode == 2
    assert "project.yaml:6" in done.stderr
    done = shop.gleis("tenant", "remove", "../../x/y")
    assert done.returncode == 2
    assert "not the name of a team" in done.stderr


@pytest.fixture
def remote(shop: Shop, tmp_path: Path) -> Path:
    """The project, as a repository that others clone."""
    git(tmp_path, "clone", "-q", "--bare", str(shop.root), str(tmp_path / "remote.git"))
    return tmp_path / "remote.git"


def test_onboarding_by_address_reads_the_contract_and_runs_nothing(
    shop: Shop, remote: Path, tmp_path: Path
) -> None:
    owned = tmp_path / "OWNED"
    (shop.root / ".gitattributes").write_text("* filter=evil export-ignore\n")
    (shop.root / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ext::touch\n')
    git(shop.root, "add", "-A")
    git(shop.root, "commit", "-qm", "evil")
    git(shop.root, "push", "-q", str(remote), "HEAD:refs/heads/evil")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/evil")
    config = tmp_path / "gitconfig"
    config.write_text(f'[filter "evil"]\n\tsmudge = touch {owned}\n\tclean = touch {owned}\n')
    with tenants.checkout(f"file://{remote}") as (root, url):
        assert sorted(each.name for each in root.iterdir()) == [
            "data-contract.yaml",
            "project.yaml",
        ]
        assert tenants.describe(root, shop.platform, url).project == "bearing-wear"
    done = shop.gleis("tenant", "diff", f"file://{remote}", GIT_CONFIG_GLOBAL=str(config))
    assert "source.repository" in done.stdout, done.stderr
    assert not owned.exists()


def test_a_contract_that_is_a_link_is_not_followed(shop: Shop, remote: Path) -> None:
    (shop.root / "project.yaml").unlink()
    (shop.root / "project.yaml").symlink_to("/etc/passwd")
    git(shop.root, "commit", "-qam", "a link")
    git(shop.root, "push", "-q", str(remote), "HEAD:refs/heads/evil")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/evil")
    with (
        tenants.checkout(f"file://{remote}") as (root, url),
        pytest.raises(ContractError) as caught,
    ):
        tenants.describe(root, shop.platform, url)
    assert "is missing" in str(caught.value)


def test_a_repository_that_is_too_large_is_not_fetched(shop: Shop, remote: Path) -> None:
    (shop.root / "weights.bin").write_bytes(os.urandom(900_000))
    git(shop.root, "add", "-A")
    git(shop.root, "commit", "-qm", "weights")
    git(shop.root, "push", "-q", str(remote), "HEAD:refs/heads/large")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/large")
    with (
        pytest.raises(GitopsError, match="larger than 0 MB"),
        tenants.checkout(f"file://{remote}", max_bytes=300_000),
    ):
        pass
    with tenants.checkout(f"file://{remote}", max_bytes=3_000_000):
        pass


def test_a_remote_that_never_answers_is_given_up(shop: Shop, tmp_path: Path) -> None:
    import socket
    import time

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/o/r.git"
        with pytest.raises(GitopsError, match="cannot be read"), tenants.checkout(url, timeout=1.0):
            pass
        assert time.monotonic() - started < 30


def test_the_token_goes_to_its_host_alone_and_into_no_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLEIS_GITOPS_TOKEN", "t0ken")
    found = environment("https://git.example.com/o/r.git")
    assert "GLEIS_GITOPS_TOKEN" not in found
    assert found["GIT_CONFIG_KEY_0"] == "http.https://git.example.com/.extraHeader"
    assert not [name for name in environment("ssh://git@x/o") if name.startswith("GIT_CONFIG_KEY")]
    assert "t0ken" not in str(environment("file:///x"))


def test_a_record_that_is_a_link_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(shop.state), str(clone))
    path = clone / shop.folder / "dev.yaml"
    path.unlink()
    path.symlink_to("/etc/hostname")
    git(clone, "commit", "-qam", "a link")
    git(clone, "push", "-q")
    with pytest.raises(GitopsError, match=r"has no dev\.yaml"):
        shop.promote()


def test_a_record_that_is_large_or_not_text_is_refused(
    shop: Shop, tmp_path: Path, make_shop: Callable[..., Shop]
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(shop.state), str(clone))
    for content, words in ((b"# " + b"x" * 1_000_001, "at most"), (b"\xff\xfe", "not UTF-8")):
        (clone / shop.folder / "dev.yaml").write_bytes(content)
        git(clone, "commit", "-qam", "by hand")
        git(clone, "push", "-q")
        with pytest.raises(GitopsError, match=words):
            shop.promote()


def test_nobody_is_ever_asked_for_a_password(shop: Shop) -> None:
    env = environment("https://example.com/o/r.git")
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    done = subprocess.run(
        ["git", "credential", "fill"],
        input="protocol=https\nhost=nowhere.example.com\n\n",
        env={**env, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode != 0
    assert "terminal prompts disabled" in done.stderr
