"""Image archives: read without an engine, rewritten so that equal images are equal files."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from gleis.supply import SupplyError, archive

from .conftest import digest, image_of, tar_of

EPOCH = 1_700_000_000


def everything(_: str) -> bool:
    return True


def test_the_digest_is_that_of_the_manifest(tmp_path: Path) -> None:
    image = image_of(tmp_path / "image.tar", {"a": b"1"}, labels={"team": "vision"})

    assert image.digest == digest(image.manifest)
    assert image.labels == {"team": "vision"}
    assert image.entrypoint == ("python",)


def test_files_are_those_that_the_top_layer_shows(tmp_path: Path) -> None:
    image = image_of(
        tmp_path / "image.tar",
        {"etc/os": b"old", "gone": b"x", "folder/a": b"x", "folder2/b": b"kept"},
        {"./etc/os": b"new", ".wh.gone": b"", "folder/.wh..wh..opq": b"", "folder/c": b"c"},
    )

    assert dict(image.files(everything)) == {
        "etc/os": b"new",
        "folder/c": b"c",
        "folder2/b": b"kept",
    }
    assert dict(image.files(lambda name: name.startswith("etc/"))) == {"etc/os": b"new"}


def test_equal_images_become_equal_files(tmp_path: Path) -> None:
    for name, mtime in (("one", 1), ("two", 2)):
        image_of(tmp_path / name, {"a": b"1"}, {"b": b"2"}, mtime=mtime)
        archive.normalise(tmp_path / name, tmp_path / f"{name}.tar")

    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert dict(archive.read(tmp_path / "one.tar").files(everything)) == {"a": b"1", "b": b"2"}


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    image = image_of(path, {"a": b"1"})
    path.write_bytes(path.read_bytes().replace(image.manifest, b" " * len(image.manifest)))

    with pytest.raises(SupplyError, match=r"bytes of sha256:.* are others"):
        archive.read(path)


@pytest.mark.parametrize("content", [b"", b"no tar", tar_of({"index.json": b"{}"})])
def test_what_is_no_image_is_refused_with_the_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.tar").write_bytes(content)

    with pytest.raises(SupplyError, match=r"gleis run --stage image --force"):
        archive.read(tmp_path / "image.tar")


def saved_by_docker(path: Path, built: int) -> None:
    """What `docker save` writes for a base layer and one of our own, built at the time `built`."""
    layers = {
        "base/layer.tar": tar_of({"bin": b"b"}, 5),
        "own/layer.tar": tar_of({"x": b"y"}, built),
    }
    moment = f"2026-01-01T00:00:{built % 60:02d}.5Z"
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "created": moment,
        "container": f"{built:064d}",
        "config": {"Hostname": str(built), "Image": "sha256:x", "Cmd": ["run"]},
        "history": [{"created": "2020-01-01T00:00:00Z"}, {"created": moment}],
        "rootfs": {"type": "layers", "diff_ids": [digest(each) for each in layers.values()]},
    }
    manifest = [{"Config": "config.json", "Layers": list(layers), "RepoTags": [f"a:{built}"]}]
    files = {"config.json": json.dumps(settings).encode(), **layers}
    path.write_bytes(tar_of({**files, "manifest.json": json.dumps(manifest).encode()}))


def test_what_dockerd_saved_is_rewritten_without_the_time_of_the_build(tmp_path: Path) -> None:
    for name, built in (("one", EPOCH + 10), ("two", EPOCH + 99)):
        saved_by_docker(tmp_path / name, built)
        archive.from_docker(tmp_path / name, tmp_path / f"{name}.tar", EPOCH, base_layers=1)

    image = archive.read(tmp_path / "one.tar")
    assert image.digest == archive.read(tmp_path / "two.tar").digest
    assert image.settings["created"] == "2023-11-14T22:13:20Z"
    assert dict(image.files(everything)) == {"bin": b"b", "x": b"y"}
    # The layers say what they hold: the digests of their plain bytes are in the configuration.
    assert image.settings["rootfs"]["diff_ids"][0] == digest(tar_of({"bin": b"b"}, 5))
    with image.open(image.layers[1]) as packed, tarfile.open(fileobj=packed, mode="r|gz") as tar:
        assert [member.mtime for member in tar] == [EPOCH]


def test_a_layer_above_the_base_keeps_older_times(tmp_path: Path) -> None:
    saved_by_docker(tmp_path / "saved", EPOCH - 50)
    archive.from_docker(tmp_path / "saved", tmp_path / "image.tar", EPOCH, base_layers=0)

    image = archive.read(tmp_path / "image.tar")
    with image.open(image.layers[1]) as packed:
        held = io.BytesIO(packed.read())
    with tarfile.open(fileobj=held) as tar:
        assert [member.mtime for member in tar] == [EPOCH - 50]
