"""The cache: shared by processes, and never believed when it is damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gleis.gitops.preview import kept
from gleis.gitops.preview.kept import Kept

from .conftest import Place

WRITER = """
import sys
from pathlib import Path
from gleis.gitops.preview.kept import Kept
memory = Kept(Path(sys.argv[1]))
for number in range(200):
    memory.put({f"k{number}": [number] * 100})
    assert memory.get([f"k{number}"]) == {f"k{number}": [number] * 100}
"""


def test_what_was_kept_is_found_again_and_nothing_else(tmp_path: Path) -> None:
    Kept(tmp_path).put({"a": {"x": 1}, "b": None})
    memory = Kept(tmp_path)
    assert memory.get(["a", "b", "c"]) == {"a": {"x": 1}, "b": None}


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    argv = [sys.executable, "-P", "-c", WRITER, str(tmp_path)]
    env = {"PYTHONPATH": str(Path(kept.__file__).parents[3])}
    running = [subprocess.Popen(argv, env=env, stderr=subprocess.PIPE) for _ in range(4)]
    for each in running:
        _, said = each.communicate(timeout=120)
        assert each.returncode == 0, said.decode()
    assert len(Kept(tmp_path).get(f"k{number}" for number in range(200))) == 200


def test_a_damaged_entry_counts_as_absent(tmp_path: Path) -> None:
    memory = Kept(tmp_path)
    memory.put_packed({"a": b"not packed", "b": kept.packed(1)})
    assert memory.get(["a", "b"]) == {"b": 1}


def test_a_file_that_is_no_database_is_replaced(tmp_path: Path) -> None:
    Kept(tmp_path).close()
    (file,) = tmp_path.glob("*.sqlite")
    for each in tmp_path.iterdir():
        each.unlink()
    file.write_bytes(b"what is this?" * 1000)
    memory = Kept(tmp_path)
    memory.put({"a": 1})
    assert Kept(tmp_path).get(["a"]) == {"a": 1}


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Kept(tmp_path / "file")
    memory.put({"a": 1})
    assert memory.get(["a"]) == {"a": 1}


def test_what_a_full_disk_does_not_take_is_still_known_to_this_run(tmp_path: Path) -> None:
    memory = Kept(tmp_path)
    memory._database.execute("PRAGMA query_only = ON")
    memory.put({"a": 1})
    assert memory.get(["a"]) == {"a": 1}
    assert Kept(tmp_path).get(["a"]) == {}


def test_objects_that_were_lost_are_rendered_again(place: Place, tmp_path: Path) -> None:
    mine = Place(place.root, tmp_path / "cache")
    place.edit("argocd/tenants/vision/model-00001/project.yaml", "cpu: 8", "cpu: 6")
    before = mine.look(changed_since="HEAD").changes
    memory = Kept(tmp_path / "cache")
    memory._database.execute("UPDATE kept SET value = x'00' WHERE key LIKE '%:objects'")
    memory.close()
    assert mine.look(changed_since="HEAD").changes == before


def test_a_preview_says_the_same_with_an_empty_cache(place: Place, tmp_path: Path) -> None:
    kept_before = place.look()
    fresh = Place(place.root, tmp_path / "empty").look()
    assert fresh.rendered > 0
    assert (fresh.objects, fresh.findings) == (kept_before.objects, kept_before.findings)
    assert Place(place.root, tmp_path / "empty").look().rendered == 0
