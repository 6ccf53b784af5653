"""Onboarding: quota, names, what the record says, and what people wrote beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleis.contract import document, schema
from gleis.gitops import records, tenants
from gleis.gitops.errors import GitopsError, Refused
from gleis.gitops.records import Release, ReleaseEvidence, Share, Tenant

from .conftest import Shop, git


def tenant_of(shop: Shop) -> Tenant:
    return tenants.describe(shop.root, shop.platform, f"https://example.com/{shop.name}.git")


def by_hand(shop: Shop, tmp_path: Path, name: str, old: str, new: str) -> None:
    """A person edits a record in a clone and pushes it."""
    clone = tmp_path / "clone"
    if not clone.exists():
        git(tmp_path, "clone", "-q", str(shop.state), str(clone))
    git(clone, "pull", "-q")
    path = clone / shop.folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    git(clone, "commit", "-qam", "by hand")
    git(clone, "push", "-q")


def test_a_tenant_is_four_files_that_keep_their_schema(shop: Shop) -> None:
    names = git(shop.state, "ls-tree", "-r", "--name-only", "HEAD").split()
    assert names == [f"{shop.folder}/{name}.yaml" for name in ("dev", "prod", "project", "staging")]
    for name in names:
        text = git(shop.state, "show", f"HEAD:{name}")
        assert text.startswith("# yaml-language-server: $schema=")
        assert schema.check(document.parse(text, Path(name)), "tenant") == []
    record = records.read_tenant(shop.file("project"), f"{shop.folder}/project.yaml")
    assert record.cost_center == "CC-4711"
    assert record.namespaces["staging"] == "drivetrain-bearing-wear-staging"
    assert record.quota == Share(cpu=14, gpu=0), "ten replicas of one core, and training"
    assert record.schedule == "0 3 * * 0"


def test_the_tenants_of_a_checkout_are_read_without_a_remote(
    make_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    for name in ("b-model", "a-model"):
        shop = make_shop(name)
        shop.onboard()
    git(tmp_path, "clone", "-q", str(shop.state), str(tmp_path / "clone"))
    folder = tmp_path / "clone" / "argocd" / "tenants"
    (folder / "README.md").write_text("not a record\n")
    assert [each.name for each in records.in_folder(folder)] == [
        "drivetrain/a-model",
        "drivetrain/b-model",
    ]
    assert records.in_folder(tmp_path / "nowhere") == []


def test_a_tenant_is_added_once(shop: Shop) -> None:
    with pytest.raises(Refused, match="is a tenant already"):
        shop.onboard()


def test_an_update_keeps_comments_quota_and_what_runs(shop: Shop, tmp_path: Path) -> None:
    shop.promote()
    by_hand(
        shop,
        tmp_path,
        "project.yaml",
        "    cpu: 14",
        "    # agreed in spring\n    cpu: 20  # cores",
    )
    dev = shop.file()
    shop.edit("risk: limited", "risk: high")
    tenants.add(
        tenant_of(shop),
        shop.platform,
        shop.location,
        root=shop.root,
        update=True,
        keep_quota=True,
    )
    text = shop.file("project")
    assert "    # agreed in spring\n    cpu: 20  # cores\n" in text
    assert "  risk: high\n" in text
    assert shop.file() == dev
    assert git(shop.state, "show", "--format=", "--name-only", "HEAD").split() == [
        f"{shop.folder}/project.yaml"
    ]


def test_an_update_of_nothing_is_no_commit(shop: Shop) -> None:
    head = git(shop.state, "rev-parse", "HEAD")
    shop.onboard(update=True)
    assert git(shop.state, "rev-parse", "HEAD") == head


def test_an_update_of_nobody_is_refused(make_shop: Callable[..., Shop], shop: Shop) -> None:
    with pytest.raises(Refused, match="not a tenant yet"):
        make_shop("stranger").onboard(update=True)


def test_an_environment_that_is_live_is_not_dropped(shop: Shop) -> None:
    shop.to_prod()
    shop.edit("environments: [dev, staging, prod]", "environments: [dev, staging]")
    with pytest.raises(Refused, match="prod is live"):
        shop.onboard(update=True)


def test_the_quota_of_a_team_is_shared_by_its_projects(make_shop: Callable[..., Shop]) -> None:
    for number in range(4):  # 14 of 64 cores each
        make_shop(f"model-{number}").onboard()
    fifth = make_shop("model-4")
    with pytest.raises(Refused, match=r"may use 64 CPU: its other projects have 56.*--cpu 8"):
        fifth.onboard()
    tenant = tenants.with_quota(tenant_of(fifth), 8, None)
    assert tenants.add(tenant, fifth.platform, fifth.location, root=fifth.root).changed


def test_a_project_name_is_unique_in_the_organisation(shop: Shop) -> None:
    other = replace(tenant_of(shop), team="vision", cost_center="CC-4720", namespaces={"dev": "x"})
    reasons = tenants.objections(other, [tenant_of(shop)], shop.platform)
    assert len(reasons) == 1
    assert "drivetrain/bearing-wear has that name already" in reasons[0]


def test_a_namespace_belongs_to_one_project(shop: Shop) -> None:
    other = replace(tenant_of(shop), project="other")
    (reason,) = tenants.objections(other, [tenant_of(shop)], shop.platform)
    assert "the namespace drivetrain-bearing-wear-dev belongs to" in reason


def test_team_and_cost_centre_are_those_of_the_platform(shop: Shop) -> None:
    tenant = tenant_of(shop)
    (reason,) = tenants.objections(replace(tenant, team="nobody"), [], shop.platform)
    assert "no team" in reason
    (reason,) = tenants.objections(replace(tenant, cost_center="CC-0001"), [], shop.platform)
    assert "cost centre CC-0001 is not that of drivetrain (CC-4711)" in reason


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=6))
def test_shares_never_add_up_to_more_than_the_team_has(asked: list[tuple[int, int]]) -> None:
    from gleis.contract import platform

    from .conftest import REPO

    organisation = platform.load(REPO / "platform.yaml")
    team = organisation.team("drivetrain")
    assert team is not None
    base = Tenant(
        "p", "drivetrain", "o@example.com", "CC-4711", "internal", "limited",
        records.TenantSource("https://example.com/r"),
        records.TenantServing("none", "kubernetes", "aws"),
        Share(0, 0), ("dev",), {},
    )  # fmt: skip
    taken: list[Tenant] = []
    for number, (cpu, gpu) in enumerate(asked):
        tenant = replace(
            base, project=f"p{number}", quota=Share(cpu, gpu), namespaces={"dev": f"n{number}"}
        )
        fits = (
            sum(each.quota.cpu for each in taken) + cpu <= team.quota.cpu
            and sum(each.quota.gpu for each in taken) + gpu <= team.quota.gpu
        )
        assert (tenants.objections(tenant, taken, organisation) == []) == fits
        if fits:
            taken.append(tenant)


def test_a_live_tenant_is_not_removed_unless_forced(shop: Shop) -> None:
    shop.promote()
    arguments = ("drivetrain", shop.name, shop.platform, shop.location)
    with pytest.raises(Refused, match="still runs in dev"):
        tenants.remove(*arguments, root=shop.root)
    tenants.remove(*arguments, root=shop.root, force=True, reason="sold")
    assert git(shop.state, "ls-tree", "-r", "--name-only", "HEAD") == ""
    assert "Still-Live: dev" in git(shop.state, "log", "-1", "--format=%b")
    with pytest.raises(Refused, match="is not a tenant"):
        tenants.remove(*arguments, root=shop.root)


def test_what_ran_before_a_tenant_was_removed_is_not_gone_back_to(shop: Shop) -> None:
    shop.promote()
    tenants.remove(
        "drivetrain", shop.name, shop.platform, shop.location, root=shop.root, force=True
    )
    shop.onboard()
    shop.ran(2)
    shop.promote()
    with pytest.raises(Refused, match=r"nothing ran in dev .* before v2"):
        shop.roll_back()


def test_the_commands_list_compare_and_remove(shop: Shop) -> None:
    shop.promote()
    listed = shop.gleis("tenant", "list", "--json")
    (entry,) = json.loads(listed.stdout)["tenants"]
    assert entry["releases"]["dev"]["modelVersion"] == "1"
    assert entry["releases"]["prod"] is None
    assert "drivetrain/bearing-wear" in shop.gleis("tenant", "list").stdout
    assert "no tenant" in shop.gleis("tenant", "list", "--team", "vision").stderr

    address = ("--repository", "https://example.com/bearing-wear.git")
    same = shop.gleis("tenant", "diff", ".", *address)
    assert (same.returncode, same.stderr) == (0, "")
    shop.edit("dataClass: internal", "dataClass: public")
    differs = shop.gleis("tenant", "diff", ".", *address)
    assert differs.returncode == 1
    assert "dataClass  internal → public" in differs.stdout
    as_json = json.loads(shop.gleis("tenant", "diff", ".", *address, "--json").stdout)
    assert as_json["differences"] == [
        {"field": "dataClass", "record": "internal", "contract": "public"}
    ]
    refused = shop.gleis("tenant", "remove", "drivetrain/bearing-wear")
    assert refused.returncode == 1
    assert "--force" in refused.stderr


def test_the_records_become_jenkins_jobs(shop: Shop, tmp_path: Path) -> None:
    address = "https://example.com/org/bearing-wear.git"
    moved = shop.gleis("tenant", "add", ".", "--update", "--repository", address)
    assert moved.returncode == 0, moved.stderr
    done = shop.gleis("tenant", "jobs", "--output", str(tmp_path / "tenants.yaml"))
    assert done.returncode == 0, done.stderr
    jobs = (tmp_path / "tenants.yaml").read_text()
    assert "name: model-drivetrain-bearing-wear" in jobs
    assert address in jobs
    assert shop.gleis("tenant", "jobs").stdout == jobs


def test_a_checkout_without_a_remote_needs_an_address(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    done = shop.gleis("tenant", "add", ".")
    assert done.returncode == 2
    assert "--repository" in done.stderr
    done = shop.gleis("tenant", "add", ".", "--repository", "https://example.com/x.git", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tenant"] == "drivetrain/bearing-wear"


def test_a_secret_in_the_remotes_address_does_not_reach_the_record(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop()
    git(shop.root, "remote", "add", "origin", "https://me:s3cret@example.com/o/r.git")
    with tenants.checkout(str(shop.root)) as (_, address):
        assert address == "https://example.com/o/r.git"


def test_a_place_that_is_nothing_is_said(shop: Shop) -> None:
    with pytest.raises(GitopsError, match="neither a folder nor"), tenants.checkout("nowhere"):
        pass


# --- the files ----------------------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=80
)
HEX = (
    st.text("0123456789abcdef", min_size=64, max_size=64)
    | st.just("1" * 64)
    | st.just("1e5".ljust(64, "0"))
)
RELEASES = st.builds(
    Release,
    model_version=st.integers(0, 999).map(str),
    model_sha256=HEX,
    image=st.just("registry.example.com:5000/ml/p"),
    image_digest=HEX.map("sha256:{}".format),
    metrics=st.dictionaries(st.sampled_from(["f1_macro", "r2"]), st.floats(-1e9, 1e9), min_size=1),
    evidence=st.builds(
        ReleaseEvidence, HEX.map("sha256:{}".format), st.just(("lint", "test", "sop"))
    ),
    promoted_by=TEXT.filter(bool),
    source_commit=HEX.map(lambda text: text[:40]),
    since=st.just("2026-11-23T17:30:00.000Z"),
    approver=st.sampled_from(["", "no", "null", "1e5", "12", "a@example.com"]),
)


@settings(deadline=None)
@given(RELEASES, RELEASES)
def test_what_is_written_is_read_again_and_comments_stay(first: Release, second: Release) -> None:
    name = "argocd/tenants/t/p/dev.yaml"
    text = records.new_environment("dev", "x.json").replace("kind:", "# why: because\nkind:")
    assert records.read_release(text, name) is None
    for release in (first, second):
        text = records.with_release(text, name, release)
        assert records.read_release(text, name) == release
        assert "# why: because\n" in text
        assert text.startswith("# yaml-language-server: $schema=x.json\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: TenantEnvironment", "kind: Tenant"),
        ("release: {}", "release: {modelVersion: '1'}"),
        ("release: {}", "release: {}\nreplicas: 3"),
        ("environment: dev", "environment: qa"),
        ("release: {}", "release: &a {}"),
        ("release: {}", "release: !!python/object:os.system {}"),
    ],
)
def test_a_broken_environment_file_is_refused(old: str, new: str) -> None:
    from gleis.contract import ContractError

    text = records.new_environment("dev", "x.json").replace(old, new)
    with pytest.raises(ContractError):
        records.read_release(text, "argocd/tenants/t/p/dev.yaml")


def test_a_record_in_somebody_elses_folder_is_refused(shop: Shop) -> None:
    from gleis.contract import ContractError

    with pytest.raises(ContractError, match="in the folder of"):
        records.read_tenant(shop.file("project"), "argocd/tenants/vision/bearing-wear/project.yaml")
