"""gleis.tools.process: outside programs run with argv only, in bounded time."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from gleis.tools.errors import ToolFailed, ToolMissing, ToolTimeout
from gleis.tools.process import clean_env, run

PYTHON = [sys.executable, "-I", "-c"]


def test_output_and_exit_code_are_captured() -> None:
    done = run(
        [*PYTHON, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(4)"],
        timeout=30,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 4)
    assert not done.ok
    assert done.seconds > 0


def test_no_word_of_argv_reaches_a_shell(tmp_path: Path) -> None:
    evil = f"$(touch {tmp_path}/made); `touch {tmp_path}/made` & touch {tmp_path}/made"

    done = run([*PYTHON, "import sys; print(sys.argv[1])", evil], timeout=30)

    assert done.stdout == evil + "\n"
    assert list(tmp_path.iterdir()) == []


def test_input_arrives_and_without_input_the_program_reads_nothing() -> None:
    echo = "import sys; print(repr(sys.stdin.read()))"

    assert run([*PYTHON, echo], timeout=30, input="grüße").stdout == "'grüße'\n"
    assert run([*PYTHON, echo], timeout=30).stdout == "''\n"


def test_bytes_that_are_no_utf8_do_not_break_the_capture() -> None:
    done = run([*PYTHON, "import sys; sys.stdout.buffer.write(b'a\\xffb')"], timeout=30)

    assert done.stdout == "a\ufffdb"


def test_check_quotes_what_the_failed_program_said() -> None:
    with pytest.raises(ToolFailed, match="exit code 7") as caught:
        run([*PYTHON, "raise SystemExit(print('no space') or 7)"], timeout=30, check=True)

    assert "no space" in str(caught.value)
    assert caught.value.completed.returncode == 7
    assert caught.value.exit_code == 3


def test_a_missing_program_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ToolMissing, match="git was not found; needed by gleis run"):
        run(["git", "status"], timeout=5)
    with pytest.raises(ToolMissing, match="no-such-program was not found"):
        run(["no-such-program"], timeout=5)


def test_a_file_that_is_no_program_is_a_missing_tool(tmp_path: Path) -> None:
    (tmp_path / "thing").write_text("not a program")

    with pytest.raises(ToolMissing, match="cannot be started: Permission denied"):
        run([tmp_path / "thing"], timeout=5)


def test_a_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="no such folder"):
        run(["git", "status"], timeout=5, cwd=tmp_path / "absent")


def test_timeout_kills_the_program_and_its_children(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    child = f"import time\nwhile True: open({str(beat)!r}, 'a').write('x'); time.sleep(0.02)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    started = time.monotonic()

    with pytest.raises(ToolTimeout, match="longer than 1 s"):
        run([*PYTHON, parent], timeout=1)

    assert time.monotonic() - started < 5
    size = beat.stat().st_size
    assert size > 0
    time.sleep(0.2)
    assert beat.stat().st_size == size


def test_timeout_does_not_wait_for_a_grandchild_that_left_the_group() -> None:
    child = "import time; time.sleep(20)"
    parent = (
        "import subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True);"
        "time.sleep(20)"
    )
    started = time.monotonic()

    with pytest.raises(ToolTimeout):
        run([*PYTHON, parent], timeout=0.5)

    assert time.monotonic() - started < 8


def test_clean_env_drops_what_ties_a_child_to_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "1")

    env = clean_env(EXTRA="yes")

    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"} & set(env)
    assert env["EXTRA"] == "yes"
    assert env["PATH"] == os.environ["PATH"]
