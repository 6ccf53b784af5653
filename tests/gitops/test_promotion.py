"""A promotion is a commit of one file, and a rollback is its revert; the log is the audit trail."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleis.contract import document, schema
from gleis.gitops.errors import GitopsError, Refused, RemoteFailed
from gleis.gitops.state import Change, NotOneFile, hold_to

from .conftest import Shop, git


def changed(shop: Shop, commit: str = "HEAD") -> list[str]:
    return git(shop.state, "show", "--format=", "--name-only", commit).split()


def release(shop: Shop, environment: str = "dev") -> dict[str, object]:
    text = shop.file(environment)
    loaded = document.parse(text, Path(f"{environment}.yaml"))
    assert schema.check(loaded, "tenant") == []
    found: dict[str, object] = loaded.data["release"]
    return found


# --- one commit, one file -----------------------------------------------------------------------


def test_a_promotion_changes_exactly_one_environment_file(shop: Shop) -> None:
    before = git(shop.state, "rev-parse", "HEAD").strip()
    done = shop.promote()

    assert done.landed.commit == git(shop.state, "rev-parse", "HEAD").strip()
    assert git(shop.state, "rev-parse", "HEAD^").strip() == before
    assert changed(shop) == [f"{shop.folder}/dev.yaml"]
    assert release(shop)["modelVersion"] == "1"
    assert release(shop)["imageDigest"] == f"sha256:{1:064x}"


def test_the_message_reads_as_an_audit_trail(shop: Shop) -> None:
    shop.promote(run_url="https://ci.example.com/run/7\nApprover: mallory")
    message = git(shop.state, "log", "-1", "--format=%B")
    subject, _, body = message.partition("\n")

    assert subject == "Promote drivetrain/bearing-wear v1 to dev"
    commit = git(shop.root, "rev-parse", "HEAD").strip()
    for line in (
        f"Image: registry.example.com/ml/bearing-wear@sha256:{1:064x}",
        f"Model: version 1, sha256:{1:064x}",
        "Metrics: f1_macro 0.95",
        f"Source-Commit: {commit}",
        "Approver: none needed",
        "Promoted-By: platform <ml-platform@example.com>",
        "CI-Run: https://ci.example.com/run/7 Approver: mallory",
    ):
        assert line in body.splitlines()
    assert re.search(r"^Evidence: sha256:[0-9a-f]{64} \(\d+ stages passed\)$", body, re.MULTILINE)


def test_the_longest_names_still_give_a_short_subject(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop("a" * 40)
    shop.onboard()
    shop.ran(123456789)
    shop.promote()
    shop.ran(123456790)
    shop.promote()
    shop.roll_back()
    assert max(len(subject) for subject in shop.subjects()) <= 72


def test_promotion_rollback_promotion_reads_as_three_commits(shop: Shop) -> None:
    shop.promote()
    first = shop.file()
    shop.ran(2)
    shop.promote()
    shop.roll_back()
    assert shop.file() == first
    shop.promote()

    assert shop.subjects("dev")[:3] == [
        "Promote drivetrain/bearing-wear v2 to dev",
        "Roll back drivetrain/bearing-wear v2 to v1 in dev",
        "Promote drivetrain/bearing-wear v2 to dev",
    ]
    assert release(shop)["modelVersion"] == "2"


def test_a_rollback_names_what_it_reverts_and_why_and_touches_one_file(shop: Shop) -> None:
    shop.promote()
    shop.ran(2)
    taken_back = shop.promote().landed.commit
    shop.roll_back(reason="latency doubled\n\nApprover: nobody")
    body = git(shop.state, "log", "-1", "--format=%b")

    assert f"This reverts commit {taken_back}." in body
    assert "Reason: latency doubled Approver: nobody" in body.splitlines()
    assert changed(shop) == [f"{shop.folder}/dev.yaml"]


def test_rolling_back_twice_goes_two_steps_back_and_not_forward_again(shop: Shop) -> None:
    for version in (1, 2, 3):
        shop.ran(version)
        shop.promote()
    assert shop.roll_back().former.model_version == "2"  # type: ignore[union-attr]
    assert shop.roll_back().former.model_version == "1"  # type: ignore[union-attr]


def test_rolling_back_the_first_promotion_needs_force(shop: Shop) -> None:
    shop.promote()
    with pytest.raises(Refused, match="--force"):
        shop.roll_back()
    assert release(shop) != {}
    shop.roll_back(force=True)
    assert release(shop) == {}
    with pytest.raises(Refused, match="nothing runs"):
        shop.roll_back()


def test_a_rollback_without_a_reason_is_refused(shop: Shop) -> None:
    shop.promote()
    with pytest.raises(GitopsError, match="--reason"):
        shop.roll_back(reason=" \n ")


def test_what_runs_already_is_not_promoted_again(shop: Shop) -> None:
    shop.promote()
    head = git(shop.state, "rev-parse", "HEAD")
    assert not shop.promote().landed.changed
    assert git(shop.state, "rev-parse", "HEAD") == head


def test_a_release_goes_through_the_environments_in_the_contracts_order(shop: Shop) -> None:
    shop.to_prod()
    assert release(shop, "prod")["approver"] == "quality-ml@example.com"
    assert "approver" not in release(shop, "staging")
    assert shop.subjects("prod")[0] == "Promote drivetrain/bearing-wear v1 to prod"


def test_comments_and_other_files_survive(shop: Shop, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(shop.state), str(clone))
    path = clone / shop.folder / "dev.yaml"
    path.write_text(
        path.read_text().replace("release: {}", "# watched by the night shift\nrelease: {}")
    )
    (clone / "README.md").write_text("the state\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "by hand")
    git(clone, "push", "-q")
    shop.promote()
    shop.ran(2)
    shop.promote()
    lines = shop.file().splitlines()
    assert lines[0].startswith("# yaml-language-server: $schema=")
    assert "# watched by the night shift" in lines
    assert git(shop.state, "show", "HEAD:README.md") == "the state\n"


NAMES = st.sampled_from(["t/p/dev.yaml", "t/p/prod.yaml", "t/p/project.yaml", "t/q/dev.yaml", "x"])


@settings(deadline=None)
@given(found=st.sets(NAMES), meant=st.dictionaries(NAMES, st.just("text")))
def test_only_a_commit_of_the_one_file_that_was_meant_ever_passes(
    found: set[str], meant: dict[str, str]
) -> None:
    change = Change(meant, "message", "branch")
    if len(meant) == 1 and found == set(meant):
        hold_to(found, change)
    else:
        with pytest.raises(NotOneFile):
            hold_to(found, change)


# --- where the state lives ----------------------------------------------------------------------


def test_the_state_may_live_in_the_platforms_own_repository(shop: Shop, tmp_path: Path) -> None:
    upstream, clone = tmp_path / "platform.git", tmp_path / "platform"
    git(tmp_path, "init", "-q", "--bare", "-b", "trunk", str(upstream))
    git(tmp_path, "clone", "-q", str(upstream), str(clone))
    (clone / "platform.yaml").write_text(
        shop.platform_file.read_text().replace("repo: ../state.git", "repo: .")
    )
    (clone / "template.txt").write_text("the rest of the platform\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "the platform")
    git(clone, "push", "-q", "origin", "HEAD:trunk")
    own = Shop(shop.root, clone / "platform.yaml")
    own.onboard()
    own.promote()

    assert own.state == upstream
    assert own.subjects()[-1] == "the platform"
    assert own.file().startswith(
        "# yaml-language-server: $schema=../../../../schemas/tenant.schema.json"
    )
    assert git(clone, "status", "--porcelain") == ""
    assert not (clone / "argocd").exists(), "nobody's work tree is touched"


def test_a_checkout_without_a_remote_is_refused_with_what_to_do(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "alone"
    folder.mkdir()
    git(folder, "init", "-q")
    text = shop.platform_file.read_text().replace("repo: ../state.git", "repo: .")
    (folder / "platform.yaml").write_text(text)
    with pytest.raises(GitopsError, match="no remote"):
        Shop(shop.root, folder / "platform.yaml").promote()


def test_the_state_may_be_on_a_branch_of_its_own(shop: Shop) -> None:
    git(shop.state, "branch", "live", "main")
    text = shop.platform_file.read_text()
    shop.platform_file.write_text(
        text.replace("repo: ../state.git", "repo: ../state.git\n  branch: live")
    )
    shop.promote()
    assert git(shop.state, "log", "-1", "--format=%s", "live").startswith("Promote")
    assert git(shop.state, "log", "-1", "--format=%s", "main").startswith("Onboard")


def test_an_empty_repository_keeps_the_branch_that_it_names(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop()
    git(shop.state, "symbolic-ref", "HEAD", "refs/heads/live")
    shop.onboard()
    shop.ran(1)
    shop.promote()
    assert git(shop.state, "branch", "--format=%(refname:short)").split() == ["live"]
    git(shop.state, "symbolic-ref", "HEAD", "refs/heads/gone")
    assert not shop.promote().landed.changed, "the only branch there is"


def test_a_branch_that_is_not_there_is_named_with_those_that_are(shop: Shop) -> None:
    text = shop.platform_file.read_text()
    shop.platform_file.write_text(
        text.replace("repo: ../state.git", "repo: ../state.git\n  branch: liv")
    )
    with pytest.raises(GitopsError, match=r"no branch liv.*There are: main"):
        shop.promote()


def test_a_state_that_cannot_be_reached_is_the_third_exit_code(shop: Shop) -> None:
    shop.state.rename(shop.state.with_name("moved.git"))
    with pytest.raises(RemoteFailed, match="cannot be read") as caught:
        shop.promote()
    assert caught.value.exit_code == 3


def test_a_server_that_refuses_the_push_is_believed_at_once(shop: Shop) -> None:
    hook = shop.state / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected branch >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RemoteFailed, match=r"refused the push.*pull-request"):
        shop.promote()
    assert release(shop) == {}


# --- as people type it --------------------------------------------------------------------------


def test_the_commands_say_what_happened_and_leave_with_the_right_code(shop: Shop) -> None:
    done = shop.gleis("promote", "--from", "run", "--to", "dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dev of drivetrain/bearing-wear now runs v1, sha256:000")
    shop.ran(2)
    as_json = shop.gleis("promote", ".", "--from", "run", "--to", "dev", "--json")
    assert json.loads(as_json.stdout)["version"] == "2"
    done = shop.gleis("rollback", "--env", "dev", "--reason", "wrong answers")
    assert done.returncode == 0
    assert "back from v2 to v1" in done.stdout
    done = shop.gleis("promote", "--from", "staging", "--to", "prod")
    assert done.returncode == 1
    assert "nothing runs in staging yet" in done.stderr
    assert "Traceback" not in done.stderr


def test_git_variables_of_a_hook_do_not_lead_astray(shop: Shop, tmp_path: Path) -> None:
    env = {"GIT_INDEX_FILE": str(tmp_path / "index"), "GIT_DIR": str(tmp_path / "nowhere")}
    done = shop.gleis("rollback", "--env", "dev", "--reason", "x", **env)
    assert "nothing runs in dev" in done.stderr


def test_no_hook_of_the_user_runs(shop: Shop, tmp_path: Path) -> None:
    hooks, proof = tmp_path / "hooks", tmp_path / "ran"
    hooks.mkdir()
    for name in ("pre-push", "post-index-change", "pre-commit", "commit-msg"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {proof}\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", shop.state, clone], check=True)
    subprocess.run(
        ["git", "push", "-q", "origin", "main"],
        cwd=clone,
        env={**os.environ, "GIT_CONFIG_GLOBAL": str(config)},
        check=True,
    )
    assert proof.exists(), "these hooks do run for anybody else's push"
    proof.unlink()

    done = shop.gleis("promote", "--from", "run", "--to", "dev", GIT_CONFIG_GLOBAL=str(config))
    assert done.returncode == 0, done.stderr
    assert not proof.exists()
