"""`gleis render` writes everything that is derived, and `--check` says what is not as written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gleis.cli import main

ROOT = Path(__file__).parents[2]
MODULE = "terraform/modules/contract"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as is rendered from."""
    shutil.copytree(ROOT / "ci", tmp_path / "ci")
    shutil.copytree(ROOT / MODULE, tmp_path / MODULE)
    shutil.copy(ROOT / "platform.yaml", tmp_path)
    return tmp_path


def test_what_was_written_is_what_is_checked(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / MODULE / "README.md").unlink()

    assert main(["render", str(checkout)]) == 0
    assert f"wrote {MODULE}/README.md\n" in capsys.readouterr().out
    assert main(["render", "--check", str(checkout)]) == 0
    assert main(["render", str(checkout)]) == 0
    assert capsys.readouterr().out.endswith("nothing to write\n")


def test_a_module_that_changed_without_its_readme_is_named_with_the_line(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["render", str(checkout)])
    outputs = checkout / MODULE / "outputs.tf"
    outputs.write_text(outputs.read_text().replace("Names within", "All names within"))
    capsys.readouterr()

    assert main(["render", "--check", str(checkout)]) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"{MODULE}/README.md: differs in its text:")
    assert "+| `names` | All names within each service's limit. |" in said
    assert "run gleis render" in said


def test_a_missing_page_is_told_as_json(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["render", str(checkout)])
    (checkout / "docs/terraform-differences.md").unlink()
    capsys.readouterr()

    assert main(["render", "--check", "--json", str(checkout)]) == 1

    assert json.loads(capsys.readouterr().out) == {
        "differences": [
            {"system": "terraform", "file": "docs/terraform-differences.md", "message": "missing"}
        ]
    }
