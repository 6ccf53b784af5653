"""Promotions and rollbacks, as a preview and the history show them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gleis.gitops import queues
from gleis.gitops.preview.preview import Preview, Request, preview
from gleis.gitops.records import read_release

from ..conftest import Shop, git
from ..test_races import Start, race, racers
from . import synthetic

__all__ = ["racers"]  # the fixture


@pytest.fixture
def clusters(shop: Shop) -> Shop:
    """The shop, whose platform has charts and queues beside its platform.yaml."""
    root = shop.platform_file.parent
    shutil.copytree(synthetic.SMALL / "argocd", root / "argocd")
    for name, text in queues.render(shop.platform).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return shop


def look(shop: Shop, cache: Path, since: str = "") -> Preview:
    return preview(Request(shop.platform_file, changed_since=since, cache=cache))


def head(shop: Shop) -> str:
    return git(shop.state, "rev-parse", "HEAD").strip()


def version(found: Preview) -> list[tuple[object, object]]:
    return [
        (field.before, field.after)
        for change in found.changes
        for field in change.fields
        if field.path.endswith("env[MODEL_VERSION].value")
    ]


def test_promotion_rollback_promotion_reads_as_three_commits(
    clusters: Shop, tmp_path: Path
) -> None:
    shop = clusters
    shop.promote()
    shop.ran(2)
    start, seen = head(shop), []
    for step in (shop.promote, shop.roll_back, shop.promote):
        before = head(shop)
        step()
        found = look(shop, tmp_path / "cache", before)
        assert found.exit_code() == 0
        seen.append(version(found))
    assert seen == [[("1", "2")], [("2", "1")], [("1", "2")]]
    log = git(shop.state, "log", "--format=%s", f"{start}..HEAD").splitlines()
    assert [subject.split()[0] for subject in log] == ["Promote", "Roll", "Promote"]
    changed = git(shop.state, "log", "--format=", "--name-only", f"{start}..HEAD").split()
    assert changed == [f"{shop.folder}/dev.yaml"] * 3


def test_what_two_racing_promotions_leave_is_one_of_them_whole(
    clusters: Shop, racers: Start, tmp_path: Path
) -> None:
    shop = clusters
    shop.promote()
    for turn in range(5):
        before = head(shop)
        runners = []
        for number in (2 * turn + 2, 2 * turn + 3):
            shop.ran(number)
            runners.append((shop, shop.request("run", "dev")))
        race(runners, racers(2), tmp_path / f"go-{turn}")
        found = look(shop, tmp_path / "cache", before)
        live = read_release(shop.file(), f"{shop.folder}/dev.yaml")
        assert live is not None
        assert found.exit_code() == 0
        ((_, after),) = version(found)
        assert after == live.model_version
        images = {
            str(field.after)
            for change in found.changes
            for field in change.fields
            if field.path.endswith(".image")
        }
        assert images == {f"{live.image}@{live.image_digest}"}
