"""From the challenger to a signed image: built, listed, scanned, pushed, signed, started."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gleis import supply
from gleis.pipeline.worker import Worker
from gleis.stages import image as image_stage
from gleis.stages import smoke
from gleis.supply import archive, signatures
from gleis.supply.builders import Recipe, buildah
from gleis.supply.registry import Registry

from . import previews
from .conftest import Repo, commit, context_of, git
from .organisation import Rig

EPOCH = 1_700_000_000
# Few and pure: what is proven is that nothing of one build is left in its bytes.
SMALL = ("click", "jinja2", "markupsafe", "six")


@pytest.fixture(scope="module")
def packaged(
    rig: Rig, fresh_repo: Repo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Repo]:
    """A copied repo after `gleis run --environment dev --until sign`."""
    folder = tmp_path_factory.mktemp("packaged")
    (folder / "platform.yaml").write_text(rig.platform_yaml())
    target = folder / "tumour-screening"
    shutil.copytree(fresh_repo.path, target, symlinks=True)
    repo = Repo(target)
    repo.edit("Dockerfile", rig.pinned, rig.digest)
    git(target, "commit", "--quiet", "--all", "--message", "Build on the base of this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLEIS_PLATFORM", str(folder / "platform.yaml"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setenv("GLEIS_BUILDER", "buildah")
        patch.delenv("CI", raising=False)  # a person's own key signs, as on a laptop
        patch.delenv("GLEIS_SIGNING_KEY", raising=False)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        done = repo.gleis("run", "--json", "--environment", "dev", "--until", "sign", timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        yield repo


def read(repo: Repo, name: str) -> Any:
    return json.loads((repo.path / ".gleis" / "out" / name).read_text())


@pytest.mark.real
@pytest.mark.needs("buildah")
@pytest.mark.needs("docker-registry")
@pytest.mark.needs("debootstrap")
class TestTheWholeJob:
    def test_the_image_is_of_the_commit_and_is_what_the_registry_has(
        self, packaged: Repo, rig: Rig
    ) -> None:
        built, published = read(packaged, "image.json"), read(packaged, "publication.json")
        head = git(packaged.path, "rev-parse", "HEAD").strip()

        assert built["builder"] == "buildah"
        assert built["labels"]["org.opencontainers.image.revision"] == head
        assert built["labels"]["io.gleis.model.version"] == "1"
        assert rig.digest in built["base"]
        assert published["digest"] == built["digest"]
        registry = Registry(rig.host, "ml/tumour-screening")
        assert registry.digest_of(published["tag"]) == built["digest"]
        assert git(packaged.path, "status", "--porcelain") == ""

    def test_the_bills_name_what_is_inside(self, packaged: Repo) -> None:
        python = {each["name"] for each in read(packaged, "sbom-python.json")["components"]}
        image = {each.get("purl", "") for each in read(packaged, "sbom-image.json")["components"]}
        model = read(packaged, "sbom-model.json")["metadata"]["component"]

        assert "scikit-learn" in python
        assert any(purl.startswith("pkg:deb/debian/libc6@") for purl in image)
        assert any(purl.startswith("pkg:pypi/scikit-learn@") for purl in image)
        assert model["hashes"][0]["content"] == read(packaged, "train.json")["model_sha256"]

    def test_image_and_model_verify_and_a_changed_model_does_not(
        self, packaged: Repo, rig: Rig, tmp_path: Path
    ) -> None:
        tools, signed = supply.environment(), read(packaged, "signatures.json")
        image, public = signed["image"], signed["publicKey"]
        registry = Registry(rig.host, "ml/tumour-screening")
        signature = packaged.path / signed["model"]["signature"]

        signatures.verify_image(tools, public, registry, image["name"], image["digest"])
        folder = tmp_path / "model"
        shutil.copytree(packaged.path / signed["model"]["folder"], folder)
        signatures.verify_model(tools, folder, signature, public=public)
        with (folder / "model.skops").open("ab") as stream:
            stream.write(b"\0")
        with pytest.raises(supply.SupplyError, match="does not hold"):
            signatures.verify_model(tools, folder, signature, public=public)

    def test_nothing_is_done_twice(self, packaged: Repo) -> None:
        states = packaged.run("--environment", "dev", "--until", "sign")

        assert states.pop("scan") == "executed"  # advisories are published every day
        assert set(states.values()) == {"unchanged"}

    def test_the_published_image_answers_as_the_model_does_and_stops(self, packaged: Repo) -> None:
        workers: list[Worker] = []
        try:
            outcome = smoke.run(context_of(packaged, "smoke", workers))
        finally:
            for worker in workers:
                worker.end()

        assert outcome.verdict == "passed", outcome.reason
        names = {check["name"] for check in outcome.details["checks"] if check["ok"]}
        assert {"start", "one row at a time", "all rows at once", "stops when asked to"} <= names

    def test_a_batch_image_predicts_a_file_as_the_model_does(
        self, packaged: Repo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The same image, started as the Dockerfile of a batch project starts it.
        predict = ("python", "-m", "tumour_screening.predict", "--model", smoke.MOUNTED)
        monkeypatch.setattr(archive.Image, "entrypoint", predict)
        workers: list[Worker] = []
        try:
            context = context_of(packaged, "smoke", workers)
            model = smoke._fetched(context)
            assert isinstance(model, str)
            expected = smoke._expected(context, model)
            assert isinstance(expected, dict)
            check = smoke._batch(context, expected)
            expected["predictions"][3] = "something else"
            wrong = smoke._batch(context, expected)
        finally:
            for worker in workers:
                worker.end()

        assert check.ok, check.detail
        assert not wrong.ok
        assert "row 3" in wrong.detail

    def test_uncommitted_work_is_not_built(self, packaged: Repo) -> None:
        (packaged.path / "stray.txt").write_text("not in the commit")
        try:
            outcome = image_stage.run(context_of(packaged, "image", []))
        finally:
            (packaged.path / "stray.txt").unlink()

        assert outcome.verdict == "failed"
        assert "commit them" in outcome.reason

    def test_the_run_goes_on_to_a_promoted_dev_and_a_rollback_brings_the_former_digest_back(
        self, packaged: Repo, platform_clone: Path, tmp_path: Path
    ) -> None:
        state = tmp_path / "state.git"
        git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(state))
        file = Path(os.environ["GLEIS_PLATFORM"])
        text = file.read_text()
        assert "  repo: .\n" in text
        file.write_text(text.replace("  repo: .\n", f"  repo: {state}\n  mode: push\n"))
        address = "https://example.com/tumour-screening.git"
        added = packaged.gleis("tenant", "add", ".", "--repository", address)
        assert added.returncode == 0, added.stderr

        first = promoted(packaged)
        features = packaged.path / "src/tumour_screening/train.py"
        features.write_text(features.read_text().replace("SEED = 0", "SEED = 1"))
        git(packaged.path, "commit", "--quiet", "--all", "--message", "Learn from another seed")
        second = promoted(packaged)
        assert first != second
        assert running(packaged) == second
        back = packaged.gleis("rollback", "--env", "dev", "--reason", "p99 over its objective")

        assert back.returncode == 0, back.stderr
        assert running(packaged) == first
        trail = git(state, "log", "--format=%s", "--name-only", "main")
        for said in ("Onboard", "Promote drivetrain/tumour-screening v1 to dev", "Roll back"):
            assert said in trail, trail
        changed = git(state, "log", "-3", "--format=", "--name-only", "main").split()
        assert set(changed) == {"argocd/tenants/drivetrain/tumour-screening/dev.yaml"}
        previewed(platform_clone, tmp_path, text, state, digest=first)


def previewed(clone: Path, folder: Path, text: str, state: Path, digest: str) -> None:
    """What runs is clean at preview, and another quota shows alone, wherever the state lies."""
    quotas = []
    for checkout in previews.both_ways(clone, folder, text, state):
        said = checkout.preview()
        assert (said["tenants"], said["unvalidated"]) == (1, {})
        mine = checkout.preview("--tenant", "drivetrain/tumour-screening", "--environment", "dev")
        assert 0 < mine["objects"] < said["objects"]
        quotas.append(checkout.quota("drivetrain", "cpu: 64", "cpu: 60"))
    assert quotas[0] == quotas[1]
    objects = {each["object"].partition(" ")[2] for each in quotas[0]}
    assert objects == {"kueue.x-k8s.io ClusterQueue drivetrain"}
    fields = {field["path"].rpartition(".")[2] for each in quotas[0] for field in each["fields"]}
    assert fields == {"nominalQuota", "borrowingLimit"}
    assert digest in git(state, "show", "main:argocd/tenants/drivetrain/tumour-screening/dev.yaml")


def promoted(repo: Repo) -> str:
    """Run everything for dev; the digest that was published, and is what dev is promoted to."""
    done = repo.gleis("run", "--json", "--environment", "dev", timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    states = {each["stage"]: each["state"] for each in json.loads(done.stdout)["stages"]}
    assert {states[name] for name in ("deploy", "smoke", "promote")} == {"executed"}
    digest: str = read(repo, "publication.json")["digest"]
    return digest


def running(repo: Repo) -> str:
    """The digest that the state of deployments has for dev."""
    listed = repo.gleis("tenant", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    (tenant,) = json.loads(listed.stdout)["tenants"]
    digest: str = tenant["releases"]["dev"]["imageDigest"]
    return digest


def small_project(folder: Path, base: str, repo: Repo) -> Path:
    """The generated Dockerfile over a short lock, in a repo of its own."""
    lock = (repo.path / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z].*(?:\n    .*)*", lock, re.MULTILINE)
    folder.mkdir()
    (folder / "requirements.lock").write_text(
        "\n".join(pin for pin in pins if pin.split("==")[0] in SMALL) + "\n"
    )
    text = (repo.path / "Dockerfile").read_text()
    text = re.sub(r"^FROM \S+@sha256:\w+", f"FROM {base}", text, flags=re.MULTILINE)
    (folder / "Dockerfile").write_text(text)
    for name in ("project.yaml", "data-contract.yaml"):
        shutil.copy(repo.path / name, folder / name)
    shutil.copytree(repo.path / "src", folder / "src")
    commit(folder)
    return folder


def exported(source: Path, folder: Path, umask: int) -> Path:
    """The commit as the stage `image` exports it, under another umask."""
    before = os.umask(umask)
    try:
        folder.mkdir()
        image_stage._export(source, folder / "context")
    finally:
        os.umask(before)
    return folder / "context"


@pytest.mark.real
@pytest.mark.needs("buildah")
@pytest.mark.needs("docker-registry")
@pytest.mark.needs("debootstrap")
def test_two_builds_of_one_commit_are_one_image(rig: Rig, fresh_repo: Repo, tmp_path: Path) -> None:
    source = small_project(tmp_path / "small", rig.base, fresh_repo)

    images = []
    for name, umask in (("one", 0o022), ("two", 0o077)):
        tree = exported(source, tmp_path / name, umask)
        recipe = Recipe(tree, "small", rig.base, EPOCH, {"team": "vision"})
        buildah.BUILDER.build(recipe, tmp_path / f"{name}.built")
        archive.normalise(tmp_path / f"{name}.built", tmp_path / f"{name}.tar")
        images.append(archive.read(tmp_path / f"{name}.tar"))

    assert images[0].digest == images[1].digest
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    inside = dict(images[0].files(lambda path: path.endswith((".pyc", "/METADATA"))))
    assert any("jinja2" in path and path.endswith(".pyc") for path in inside)
    assert images[0].labels["team"] == "vision"
