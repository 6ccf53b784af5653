"""Ten faults planted in a fresh copy, one for each procedure: exactly these ten are found."""

from __future__ import annotations

import json
import re

from .conftest import Repo

FAULTS = {
    ("SOP-001", "project.yaml"): (r'"0 3 \* \* 0"', '"0 25 * * 0"'),
    ("SOP-002", ".github/CODEOWNERS"): (r"(?m)^\* .*$", "/docs/ @example-org/drivetrain"),
    ("SOP-003", ".github/workflows/ci.yml"): (r"@[0-9a-f]{40} # \S+", "@main"),
    ("SOP-004", "requirements.lock"): (r"(?m)^(skops==\S+) \\\n(    --hash=\S+( \\)?\n)+", r"\1\n"),
    ("SOP-005", "Dockerfile"): (r"(?m)^USER .*$", "USER root"),
    ("SOP-006", "tests/conftest.py"): (
        r"\Z",
        # Put together here, so that this file itself has no secret in it.
        '\nAWS_KEY = "AKIA' + "IOSFODNN7" + 'EXAMPLQ"\n',
    ),
    ("SOP-007", "data-contract.yaml"): (r"mean_texture: \{dtype: float64, ", "mean_texture: {"),
    ("SOP-008", "docs/model-card.md"): (r"(?ms)^## Limitations\n.*?(?=^## )", "## Limitations\n\n"),
    ("SOP-009", "project.yaml"): ("floor: 0.85", "floor: 0.5"),
    ("SOP-010", "pyproject.toml"): (r"(?m)^license = .*\n", ""),
}


def test_exactly_the_planted_faults_are_found(fresh: Repo) -> None:
    for (_, name), (pattern, replacement) in FAULTS.items():
        path = fresh.path / name
        text, count = re.subn(pattern, replacement, path.read_text(), count=1)
        assert count == 1, f"{pattern} is not in {name}"
        path.write_text(text)

    done = fresh.gleis("check", "--json")

    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)["findings"]
    assert sorted((each["rule"], each["file"]) for each in found) == sorted(FAULTS)
    assert all(each["remediation"] for each in found)
    assert "IOSFODNN7" not in done.stdout + done.stderr
