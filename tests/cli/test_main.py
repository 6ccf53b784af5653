"""The command itself: commands are found by file, mistakes are answered, start-up is light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gleis
from gleis import cli


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gleis {gleis.__version__}\n"


def test_help_lists_every_command_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in cli.commands():
        assert f"  {name}" in out
    assert "Run the pipeline of this project" in out


def test_an_unknown_command_is_answered_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chekc"]) == 2
    assert "Did you mean `gleis check`?" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli.commands())
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])
    assert left.value.code == 0
    assert f"usage: gleis {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--version"], ["--help"]])
def test_start_up_imports_nothing_that_it_does_not_need(words: list[str]) -> None:
    code = (
        "import sys; from gleis import cli; "
        f"cli.main({words}); "
        "heavy = {'yaml', 'rich', 'jinja2', 'jsonschema_rs', 'copier', 'argparse', 'subprocess'}; "
        "raise SystemExit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
