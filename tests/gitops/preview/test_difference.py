"""What a change makes of the objects: exactly that, and nothing of what it did not touch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gleis.gitops.errors import GitopsError
from gleis.gitops.preview import difference, output
from gleis.gitops.preview.preview import Preview

from ..conftest import git
from .conftest import Place

TENANT = "argocd/tenants/vision/model-00001"


def said(preview: Preview) -> list[tuple[str, str, str]]:
    """Object, path and new value of every changed field."""
    return [
        (change.identity, field.path, str(field.after))
        for change in preview.changes
        for field in change.fields
    ]


def test_nothing_changed_is_said_to_be_so(place: Place) -> None:
    found = place.look(changed_since="HEAD")
    assert not found.changes
    assert found.exit_code() == 0
    assert "no change" in output.text(found)


def test_a_quota_changes_one_field_in_each_environment(place: Place) -> None:
    place.edit(f"{TENANT}/project.yaml", "cpu: 8", "cpu: 6")
    found = place.look(changed_since="HEAD")
    assert said(found) == [
        (
            f"ml-{environment} core ResourceQuota vision-model-00001-{environment}/share",
            "spec.hard[requests.cpu]",
            "6",
        )
        for environment in ("dev", "prod", "staging")
    ]
    assert found.applications < 20  # the other tenants were not looked at


def test_a_promotion_changes_image_and_version_of_one_environment(place: Place) -> None:
    place.edit(f"{TENANT}/staging.yaml", "modelVersion: '3'", "modelVersion: '4'")
    found = place.look(changed_since="HEAD")
    assert said(found) == [
        (
            "ml-staging apps Deployment vision-model-00001-staging/model-00001",
            "spec.template.spec.containers[service].env[MODEL_VERSION].value",
            "4",
        )
    ]


def test_a_tenant_that_comes_and_one_that_goes(place: Place) -> None:
    before = place.commit()
    for file in sorted((place.root / TENANT).iterdir()):
        file.unlink()
    gone = place.look(changed_since=before)
    assert {each.what for each in gone.changes} == {"removed"}
    assert any("Namespace vision-model-00001-prod" in each.identity for each in gone.changes)
    assert all("model-00001" in each.identity for each in gone.changes)
    after = place.commit()
    git(place.root, "checkout", "-q", before, "--", TENANT)
    come = place.look(changed_since=after)
    assert [each.identity for each in come.changes] == [each.identity for each in gone.changes]
    assert {each.what for each in come.changes} == {"added"}


def test_a_chart_that_changes_is_compared_for_every_tenant(place: Place) -> None:
    place.edit("argocd/charts/tenant/values.yaml", "pods: 20", "pods: 30")
    found = place.look(changed_since="HEAD")
    assert len(found.changes) == 9
    assert {path for _, path, _ in said(found)} == {"spec.hard.pods"}


def test_what_the_platform_says_to_every_chart_is_compared_too(place: Place) -> None:
    place.edit("argocd/platform/values.yaml", "example-org/gleis.git", "example-org/other.git")
    found = place.look(changed_since="HEAD")
    assert {each.identity.split()[2] for each in found.changes} == {"AppProject"}


def test_the_comparison_is_the_same_with_the_state_in_a_repository_of_its_own(
    place: Place, apart: Place
) -> None:
    # `apart` was made of `place`: its tenants are in the other repository now.
    apart.edit(f"{TENANT}/project.yaml", "cpu: 8", "cpu: 6")
    found = apart.look(changed_since="HEAD")
    assert {path for _, path, _ in said(found)} == {"spec.hard[requests.cpu]"}
    assert len(found.changes) == 3


def test_the_remote_state_is_read_where_no_checkout_is_named(apart: Place) -> None:
    assert apart.state is not None
    before = git(apart.state, "rev-parse", "HEAD").strip()
    apart.edit(f"{TENANT}/project.yaml", "cpu: 8", "cpu: 6")
    remote = Place(apart.root, apart.cache)
    assert remote.look().tenants == 3
    assert not remote.look(changed_since=before).changes  # not committed: not there
    apart.commit()
    assert len(remote.look(changed_since=before).changes) == 3
    with pytest.raises(GitopsError, match=r"takes a branch, a tag or a whole commit id"):
        remote.look(changed_since="v9.9.9")


def test_a_capacity_in_platform_yaml_is_looked_at_as_it_was(place: Place) -> None:
    """The e2e of the issue: a quota of platform.yaml changes what is rendered from it, only."""
    name = "argocd/platform/kueue/clusters/ml-dev.yaml"
    text = (place.root / name).read_text()
    old = next(line for line in text.splitlines() if "nominalQuota:" in line)
    place.edit(name, old, old.split(":")[0] + ": 1")
    found = place.look(changed_since="HEAD")
    assert [each.identity.split()[:3] for each in found.changes] == [
        ["ml-dev", "kueue.x-k8s.io", "ClusterQueue"]
    ]
    assert [str(each.path).rpartition(".")[2] for each in found.changes[0].fields] == [
        "nominalQuota"
    ]


@pytest.mark.parametrize("revision", ["nothing-like-it", "--upload-pack=x", "HEAD~99"])
def test_a_revision_that_is_none_is_wrong_use(place: Place, revision: str) -> None:
    with pytest.raises(GitopsError) as refused:
        place.look(changed_since=revision)
    assert refused.value.exit_code == 2


def test_one_tenant_and_one_environment_can_be_looked_at_alone(place: Place) -> None:
    whole = place.look()
    some = place.look(tenant="vision/model-00001", environment="dev")
    assert some.exit_code() == 0
    assert some.tenants == whole.tenants
    assert some.applications == 2 + 6  # tenant and service; the queues of six clusters
    with pytest.raises(GitopsError, match="is no tenant"):
        place.look(tenant="vision/model-00007")


def test_lists_are_compared_by_name_where_names_tell_elements_apart() -> None:
    before = {"x": {"l": [{"name": "a", "v": 1}, {"name": "b", "v": 1}], "k": [1, 2]}}
    after = {"x": {"l": [{"name": "b", "v": 2}, {"name": "a", "v": 1}], "k": [1]}}
    (change,) = difference.changes(before, after)
    assert [(each.path, each.before, each.after) for each in change.fields] == [
        ("l[b].v", 1, 2),
        ("k[1]", 2, None),
    ]


def test_a_comment_holds_all_it_says_in_its_limit_and_nothing_of_it_is_markup(
    place: Place,
) -> None:
    place.edit(f"{TENANT}/project.yaml", "vision-ml@", "```<b>@everyone")
    place.edit("argocd/charts/tenant/values.yaml", "pods: 20", "pods: 30")
    found = place.look(changed_since="HEAD")
    comment = output.markdown(found)
    assert comment.count("<details>") == comment.count("</details>") > 3
    assert comment.count("```") % 2 == 0
    assert "```<b>" not in comment
    short = output.markdown(found, limit=1500)
    assert len(short) <= 1500
    assert "more: run `gleis gitops preview`" in short


def test_json_says_the_same_as_text(place: Place) -> None:
    place.edit(f"{TENANT}/prod.yaml", "  approver: quality-ml@example.com\n", "")
    found = place.look(changed_since="HEAD")
    data = json.loads(output.to_json(found, strict=False))
    assert data["ok"] is False
    assert {"GITOPS/approver"} == {
        each["rule"] for each in data["findings"] if each["severity"] != "info"
    }
    assert "GITOPS/approver" in output.text(found)
    assert data["compared"].startswith("platform at ")


def test_the_command_prints_and_tells_by_its_exit_code(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gleis.cli import main

    monkeypatch.setenv("GLEIS_PLATFORM", str(place.platform_file))
    monkeypatch.setenv("GLEIS_CACHE", str(place.cache))
    assert main(["gitops", "preview"]) == 0
    assert "clean" in capsys.readouterr().out
    place.edit(f"{TENANT}/prod.yaml", "    - sign\n", "")
    assert main(["gitops", "preview", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert main(["gitops", "preview", "--changed-since", "HEAD", "--markdown"]) == 1
    assert "### GitOps preview: findings" in capsys.readouterr().out
    assert main(["gitops", "preview", "--changed-since", "gone"]) == 2
    assert "is no revision" in capsys.readouterr().err
    monkeypatch.setenv("GLEIS_HELM", "/nowhere/helm")
    assert main(["gitops", "preview"]) == 3
    assert "GLEIS_HELM" in capsys.readouterr().err


def test_kinds_without_a_schema_are_counted_and_strict_refuses_them(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLEIS_CRD_SCHEMAS", str(tmp_path))
    found = place.look()
    assert found.unvalidated["argoproj.io/v1alpha1 AppProject"] == 10
    assert found.exit_code() == 0
    assert found.exit_code(strict=True) == 1
    assert "not validated" in output.text(found)


def test_a_way_to_the_state_that_is_a_link_is_not_followed(place: Place, tmp_path: Path) -> None:
    (place.root / "argocd" / "tenants").rename(tmp_path / "elsewhere")
    (place.root / "argocd" / "tenants").symlink_to(tmp_path / "elsewhere")
    found = place.look()
    assert {each.rule for each in found.findings if each.fails} == {"GITOPS/file"}
    state = tmp_path / "state"
    (state / "argocd").mkdir(parents=True)
    (state / "argocd" / "tenants").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GitopsError, match="is a symbolic link"):
        Place(place.root, place.cache, state).look()
