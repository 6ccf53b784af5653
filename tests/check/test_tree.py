"""The tree of a stranger: nothing outside is read, nothing hangs, nothing crashes."""

from __future__ import annotations

import os
import subprocess

import pytest

from gleis.check.tree import MAX_BYTES, CannotCheck, Reader, Text, Tree


@pytest.fixture
def reader(tmp_path):
    root = tmp_path / "repo"
    root.mkdir()
    return Reader(Tree(root))


def test_a_file_is_read_once_and_the_read_is_recorded(reader):
    (reader.root / "a.txt").write_text("one")
    assert reader.text("a.txt") == Text("a.txt", "one")
    (reader.root / "a.txt").write_text("two")

    assert reader.text("a.txt").text == "one"
    assert reader.text("missing.txt") is None
    assert reader.reads == {"a.txt", "missing.txt"}


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.txt"])
def test_a_link_out_of_the_repo_is_not_followed(reader, target):
    (reader.root.parent / "outside.txt").write_text("secret")
    (reader.root / "link").symlink_to(target)

    with pytest.raises(CannotCheck, match="a link that leads out of the repo"):
        reader.text("link")


def test_a_folder_that_leads_out_is_not_followed(reader):
    (reader.root.parent / "away").mkdir()
    (reader.root.parent / "away" / "a.txt").write_text("secret")
    (reader.root / "folder").symlink_to("../away")

    assert "folder/a.txt" not in reader.files()
    with pytest.raises(CannotCheck, match="leads out of the repo"):
        reader.text("folder/a.txt")


def test_a_path_that_climbs_out_is_not_followed(reader):
    (reader.root.parent / "outside.txt").write_text("secret")

    with pytest.raises(CannotCheck, match="leads out of the repo"):
        reader.read("../outside.txt")


def test_a_link_inside_the_repo_is_followed(reader):
    (reader.root / "a.txt").write_text("one")
    (reader.root / "link").symlink_to("a.txt")

    assert reader.text("link").text == "one"


def test_a_link_in_a_circle_is_told(reader):
    (reader.root / "link").symlink_to("link")

    with pytest.raises(CannotCheck):
        reader.read("link")


def test_a_link_to_nothing_is_told(reader):
    (reader.root / "link").symlink_to("nowhere")

    with pytest.raises(CannotCheck, match="a link to nothing"):
        reader.read("link")


def test_a_fifo_is_refused_and_does_not_hang(reader):
    os.mkfifo(reader.root / "pipe")

    with pytest.raises(CannotCheck, match="not a regular file"):
        reader.read("pipe")


def test_a_file_over_the_bound_is_refused(reader):
    with (reader.root / "large").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)

    with pytest.raises(CannotCheck, match="larger than"):
        reader.read("large")
    assert reader.is_binary("large")


def test_bytes_that_are_not_utf_8_are_told_with_their_line(reader):
    (reader.root / "a.txt").write_bytes(b"one\ntw\xff\n")

    with pytest.raises(CannotCheck, match="not UTF-8") as caught:
        reader.text("a.txt")

    assert caught.value.line == 2


def test_a_byte_order_mark_is_no_text(reader):
    (reader.root / "a.txt").write_bytes(b"\xef\xbb\xbfone")

    assert reader.text("a.txt").text == "one"


def test_folders_of_tools_are_left_out(reader):
    for folder in (".git", ".venv", "node_modules", "src/__pycache__"):
        (reader.root / folder).mkdir(parents=True)
        (reader.root / folder / "x").touch()
    (reader.root / "src" / "a.py").touch()

    assert reader.files() == ("src/a.py",)


def test_what_git_ignores_is_left_out_but_not_what_it_holds(reader):
    root = reader.root
    (root / ".gitignore").write_text("*.env\nlocal/\n")
    (root / "local").mkdir()
    for name in ("tracked.env", "mine.env", "local/a.txt", "new.txt"):
        (root / name).touch()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "-f", "tracked.env"], cwd=root, check=True)

    assert reader.files() == (".gitignore", "new.txt", "tracked.env")


def test_a_program_that_the_repo_names_to_git_is_not_started(reader):
    root = reader.root
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    spy = root.parent / "spy.sh"
    spy.write_text(f"#!/bin/sh\ntouch {root.parent}/started\n")
    spy.chmod(0o755)
    subprocess.run(["git", "config", "core.fsmonitor", str(spy)], cwd=root, check=True)

    reader.files()

    assert not (root.parent / "started").exists()


def test_folders_that_are_too_deep_are_told(reader):
    path = reader.root
    for _ in range(45):
        path /= "d"
    path.mkdir(parents=True)

    with pytest.raises(CannotCheck, match="nested deeper"):
        reader.files()


def test_a_line_is_found_and_counted_as_editors_do():
    text = Text("a", "one\r\ntwo\nthree")

    assert text.lines == ("one", "two", "three")
    assert text.find("^two") == 2
    assert text.line(3) == "three"
    assert text.line(4) == text.line(None) == ""
    assert text.position(text.text.index("three")) == (3, 1)
