"""Drift: the champion's inputs against its training data, on the data of a real run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gleis.tools import environments

from .conftest import Repo

WATCH = ("run", "--environment", "dev", "--event", "schedule", "--stage", "monitor")


def write_window(repo: Repo, how: str) -> None:
    """Make a window out of the training rows; `how` is pandas code that changes `rows`."""
    python = environments.ensure(repo.path / "requirements.lock", name="project").python
    code = (
        "import pandas as pd\n"
        "rows = pd.read_parquet('.gleis/out/data/train.parquet')\n"
        f"{how}\n"
        "rows.to_parquet('.gleis/monitor/window.parquet')\n"
    )
    (repo.path / ".gleis" / "monitor").mkdir(exist_ok=True)
    subprocess.run([python, "-c", code], cwd=repo.path, check=True)


def monitor(repo: Repo) -> dict[str, object]:
    found: dict[str, object] = json.loads((repo.path / ".gleis/out/monitor.json").read_text())
    return found


def test_a_window_is_judged_column_by_column(green: Repo) -> None:
    done = green.gleis(*WATCH)
    assert done.returncode == 1
    assert "there is no window of predictions to look at" in done.stderr

    write_window(green, "rows = rows.sample(300, random_state=1)")
    done = green.gleis(*WATCH)
    assert done.returncode == 0, done.stderr
    assert monitor(green)["drifted"] is False

    write_window(green, "rows['mean_radius'] = rows['mean_radius'] * 1.5")
    done = green.gleis(*WATCH)
    assert done.returncode == 1
    assert "mean_radius: PSI" in done.stderr
    columns = monitor(green)["columns"]
    assert isinstance(columns, list)
    assert [each["name"] for each in columns if each["drifted"]] == ["mean_radius"]

    write_window(green, "rows = rows.head(20)")
    assert "it has 20 rows; fewer than 100" in green.gleis(*WATCH).stderr

    write_window(green, "del rows['mean_radius']")
    assert "it lacks mean_radius, which the model reads" in green.gleis(*WATCH).stderr


def test_values_that_go_missing_are_drift(green: Repo) -> None:
    write_window(green, "rows.loc[rows.index[:200], 'mean_radius'] = None")

    done = green.gleis(*WATCH)

    assert done.returncode == 1
    assert "1 of" in done.stderr
    assert "mean_radius" in done.stderr


def test_a_reference_of_another_model_is_not_used(
    green: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_window(green, "pass")
    elsewhere = tmp_path / "elsewhere.parquet"
    (green.path / ".gleis/monitor/window.parquet").rename(elsewhere)
    monkeypatch.setenv("GLEIS_MONITOR_WINDOW", str(elsewhere))
    data = green.path / ".gleis/out/data/data.json"
    data.write_text(json.dumps({**json.loads(data.read_text()), "sha256": "0" * 64}))

    done = green.gleis(*WATCH)

    assert done.returncode == 1
    assert "was trained on other data" in done.stderr
