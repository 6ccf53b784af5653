"""How much time the pipeline takes beside the work that it runs: rendering, the runner, overlap."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path

from measure import GLEIS, ROOT, cpu_seconds, line, wall_seconds

from gleis.tools import environments

STAGES = {"data-check": "data", "train": "train", "evaluate": "evaluate"}


def quietly(argv: list[str | Path], cwd: Path, **environ: str) -> None:
    silent = subprocess.DEVNULL
    env = {**os.environ, **environ}
    subprocess.run(argv, cwd=cwd, env=env, check=True, stdout=silent, stderr=silent)


def render() -> None:
    took = statistics.median(
        wall_seconds(partial(quietly, [*GLEIS, "render", "--check"], ROOT)) for _ in range(5)
    )
    line("gleis render --check, all files, wall", f"{took:.2f} s", "2 s", took <= 2)


def no_op(repo: Path) -> None:
    argv = [*GLEIS, "run", str(repo), "--stage", "data-check"]
    took = statistics.median(cpu_seconds(argv) for _ in range(7))
    line("gleis run --stage, nothing changed, CPU", f"{took:.2f} s", "0.4 s", took <= 0.4)


def overhead(fresh: Path, scratch: Path) -> None:
    """Three stages by the runner, against the same three modules started by hand."""
    python = environments.ensure(fresh / "requirements.lock", name="project").python
    package = next(path.name for path in (fresh / "src").iterdir() if path.is_dir())

    def copied(name: str) -> Path:
        shutil.copytree(fresh, scratch / name, symlinks=True)
        return scratch / name

    def bare(repo: Path) -> None:
        for module in STAGES.values():
            quietly([python, "-m", f"{package}.{module}"], repo, PYTHONPATH="src")

    def ours(repo: Path) -> None:
        stages = [word for stage in STAGES for word in ("--stage", stage)]
        quietly([*GLEIS, "run", *stages], repo)

    pairs = [
        (
            wall_seconds(partial(ours, copied(f"ours-{n}"))),
            wall_seconds(partial(bare, copied(f"bare-{n}"))),
        )
        for n in range(3)
    ]
    ran, alone = (statistics.median(values) for values in zip(*pairs, strict=True))
    line(
        "data-check, train, evaluate, wall",
        f"{ran:.1f} s (by hand {alone:.1f} s): {ran / alone:.2f} ×",
        "1.05 ×",
        ran <= 1.05 * alone,
    )


def overlap(repo: Path) -> None:
    """Independent jobs run side by side: their stages' times add up to more than the run took."""
    read = [json.loads(path.read_text()) for path in (repo / ".gleis" / "run").glob("*.json")]
    stages = [each["predicate"] for each in read if "predicate" in each]
    times = [[datetime.fromisoformat(it[f"{what}On"]) for what in ("started", "finished")]
             for it in stages]  # fmt: skip
    work = sum((end - start).total_seconds() for start, end in times)
    wall = (max(end for _, end in times) - min(start for start, _ in times)).total_seconds()
    line(
        "all stages, work / wall",
        f"{work:.1f} s / {wall:.1f} s: {work / wall:.2f}",
        "> 1",
        work > wall,
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gleis-bench-") as name:
        scratch = Path(name)
        render()
        repo = scratch / "repo"
        quietly([*GLEIS, "demo", "--keep", repo], scratch)
        no_op(repo)
        overlap(repo)
        fresh = scratch / "fresh"
        shutil.copytree(repo, fresh, symlinks=True, ignore=shutil.ignore_patterns(".gleis"))
        overhead(fresh, scratch)


if __name__ == "__main__":
    main()
