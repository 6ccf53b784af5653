"""gleis.tools.files: a file is the old one or the new one."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from gleis.tools import files
from gleis.tools.errors import WriteFailed


def test_text_and_bytes_are_written_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"

    files.write_atomic(path, "grüße\n")
    assert path.read_bytes() == "grüße\n".encode()
    files.write_atomic(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert [entry.name for entry in path.parent.iterdir()] == ["b.txt"]


def test_permissions_follow_the_old_file_and_the_umask(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("old")
    script.chmod(0o750)

    files.write_atomic(script, "new")
    files.write_atomic(tmp_path / "plain", "new")

    assert script.stat().st_mode & 0o777 == 0o750
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "plain").stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    files.write_atomic(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
def test_a_full_disk_leaves_the_old_content_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "state.json"
    path.write_text("old")

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "write":
        monkeypatch.setattr(files, "_write_synced", full)
    elif step == "fsync":
        monkeypatch.setattr(files.os, "fsync", full)
    else:
        monkeypatch.setattr(files.Path, "replace", full)

    with pytest.raises(WriteFailed, match=r"cannot write .*state.json: the disk is full") as caught:
        files.write_atomic(path, "new")

    assert caught.value.exit_code == 3
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_sha256_is_the_hash_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc" * 100_000)

    assert files.sha256(tmp_path / "f") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_tree_hash_tells_names_and_contents_apart_and_nothing_else(tmp_path: Path) -> None:
    def tree(name: str, content: dict[str, str]) -> str:
        for path, text in content.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        return files.tree_sha256(tmp_path / name)

    first = tree("1", {"a/x": "1", "b": "2"})
    same = tree("2", {"b": "2", "a/x": "1"})
    renamed = tree("3", {"a/y": "1", "b": "2"})
    changed = tree("4", {"a/x": "1", "b": "3"})
    swapped = tree("5", {"a/x": "2", "b": "1"})
    (tmp_path / "2" / "b").chmod(0o600)
    os.utime(tmp_path / "2" / "b", (0, 0))

    assert first == same == files.tree_sha256(tmp_path / "2")
    assert len({first, renamed, changed, swapped}) == 4


def test_tree_hash_sees_where_a_link_points_but_does_not_follow_it(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "big").mkdir()
    (tmp_path / "t" / "link").symlink_to("../big")
    before = files.tree_sha256(tmp_path / "t")

    (tmp_path / "big" / "file").write_text("x")
    assert files.tree_sha256(tmp_path / "t") == before
    (tmp_path / "t" / "link").unlink()
    (tmp_path / "t" / "link").symlink_to("../other")
    assert files.tree_sha256(tmp_path / "t") != before


def test_tree_hash_of_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.tree_sha256(tmp_path / "absent")
