"""Drift of many roots: several at a time against one after another, in the same run.

The roots have no provider, so that all time is Terraform's own and none is a cloud's: the gain is
that of the machine's cores alone. With a cloud that answers slowly it can only be larger.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import ROOT, line, wall_seconds

from gleis.infra import drift, roots, terraform
from gleis.tools import catalogue

ROOTS = 20
ROUNDS = 3
BOUND = 1.3
_CODE = 'resource "terraform_data" "this" {\n  input = "applied"\n}\n'


def applied(scratch: Path) -> tuple[roots.Root, ...]:
    """Twenty roots with a state, of which one was edited by hand."""
    first = scratch / "root00"
    first.mkdir()
    (first / "main.tf").write_text(_CODE)
    for words in (["init"], ["apply", "-auto-approve"]):
        argv = [*terraform.find().argv, *words, "-input=false"]
        subprocess.run(argv, cwd=first, check=True, stdout=subprocess.DEVNULL)
    state = (first / "terraform.tfstate").read_text()
    for number in range(1, ROOTS):
        folder = scratch / f"root{number:02}"
        folder.mkdir()
        (folder / "main.tf").write_text(_CODE)
        (folder / "terraform.tfstate").write_text(state)
    (scratch / "root07" / "terraform.tfstate").write_text(state.replace("applied", "edited"))
    return tuple(roots.single(scratch / f"root{number:02}") for number in range(ROOTS))


def take_the_tests_terraform(scratch: Path) -> None:
    """Where the machine has none: the shared library that PyPI has, as the tests do."""
    sys.path.insert(0, str(ROOT))
    from tests.terraform.rig import find

    os.environ["GLEIS_TERRAFORM"] = shlex.join(find(scratch / "home").argv)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gleis-bench-") as name:
        if "GLEIS_TERRAFORM" not in os.environ and catalogue.find("terraform") is None:
            take_the_tests_terraform(Path(name))
        program, every = terraform.find(), applied(Path(name))
        found: list[tuple[drift.Checked, ...]] = []

        def check(workers: int) -> float:
            return wall_seconds(lambda: found.append(drift.check(every, program, workers=workers)))

        pairs = [(check(8), check(1)) for _ in range(ROUNDS)]
    drifted = {each.root.name for checked in found for each in checked if each.drift}
    broken = [each.problem for checked in found for each in checked if each.problem]
    if drifted != {"root07"} or broken:
        raise SystemExit(f"the answers are wrong: drifted {drifted}, not checked {broken[:1]}")
    together, alone = (statistics.median(values) for values in zip(*pairs, strict=True))
    line(
        f"gleis infra drift, {ROOTS} roots, wall",
        f"{together:.1f} s (one by one {alone:.1f} s): {alone / together:.2f} × faster",
        f"{BOUND} × faster",
        alone >= BOUND * together,
    )


if __name__ == "__main__":
    main()
