"""The wheel, installed outside of any checkout, does the same in a repo as the checkout does."""

from __future__ import annotations

import json
from pathlib import Path

from gleis.tools.process import clean_env, run

from .conftest import Repo


def test_the_installed_wheel_checks_and_runs_a_copied_repo(installed: Path, fresh: Repo) -> None:
    command = installed / "gleis"

    checked = run([command, "check", "--json"], timeout=300, cwd=fresh.path, env=clean_env())
    ran = run([command, "run", "--json"], timeout=300, cwd=fresh.path, env=clean_env())

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["findings"] == []
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {each["state"] for each in json.loads(ran.stdout)["stages"]} == {"executed"}
    assert fresh.registered() == ["1*"]
