"""How much time the track itself takes: start-up, rendering, a run without work, the demo, a copy.

Every line is a measurement beside its bound; peers are measured in the same run, alternately.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

from measure import GLEIS, ROOT, cpu_seconds, line, wall_seconds

PASS = [sys.executable, "-P", "-c", "pass"]


def start_up() -> None:
    pairs = [(cpu_seconds([*GLEIS, "--version"]), cpu_seconds(PASS)) for _ in range(15)]
    ours, bare = (statistics.median(values) for values in zip(*pairs, strict=True))
    bound = 3 * bare + 0.05
    line(
        "gleis --version, CPU",
        f"{ours * 1000:.0f} ms (python -c pass {bare * 1000:.0f} ms)",
        f"{bound * 1000:.0f} ms (3 × + 50 ms)",
        ours <= bound,
    )


def render(scratch: Path) -> None:
    """Everything that is derived, held against what is committed: with nothing kept, then again."""
    argv = ["env", f"GLEIS_CACHE={scratch / 'cache'}", *GLEIS, "render", "--check", str(ROOT)]
    cold, warm = cpu_seconds(argv), cpu_seconds(argv)
    line("gleis render --check, nothing kept, CPU", f"{cold:.2f} s", "2 s", cold <= 2)
    line("gleis render --check, again, CPU", f"{warm:.2f} s", "2 s", warm <= 2)


def nothing_to_do(scratch: Path) -> None:
    repo = scratch / "repo"
    demo = wall_seconds(
        lambda: subprocess.run(
            [*GLEIS, "demo", "--keep", repo], check=True, stdout=subprocess.DEVNULL
        )
    )
    again = min(
        wall_seconds(
            lambda: subprocess.run([*GLEIS, "run", repo], check=True, stdout=subprocess.DEVNULL)
        )
        for _ in range(3)
    )
    line("gleis run, nothing changed, wall", f"{again:.2f} s", "2 s", again <= 2)
    warm = wall_seconds(
        lambda: subprocess.run([*GLEIS, "demo"], check=True, stdout=subprocess.DEVNULL)
    )
    line("gleis demo, warm, wall", f"{warm:.1f} s (first {demo:.1f} s)", "90 s", warm <= 90)


def copy(scratch: Path) -> None:
    """Our template against Copier copying as many plain files of the same bytes."""
    import copier

    warnings.simplefilter("ignore")
    ours = scratch / "ours"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (ours / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, ours / name)
    made = scratch / "made"

    def run(source: Path, target: Path) -> None:
        copier.run_copy(str(source), target, defaults=True, quiet=True)

    run(ours, made)
    plain = scratch / "plain"
    shutil.copytree(made, plain / "template")
    (plain / "copier.yml").write_text("_subdirectory: template\n")
    command = [sys.executable, "-P", "-m", "copier", "copy", "--defaults", "--quiet"]

    def typed(source: Path, target: Path) -> None:
        """As a person types it."""
        subprocess.run([*command, source, target], check=True, stderr=subprocess.DEVNULL)

    files = sum(path.is_file() for path in made.rglob("*"))
    for what, how, bound in (("copier copy", typed, 1.5), ("the same without start-up", run, None)):
        pairs = [
            (
                wall_seconds(partial(how, ours, scratch / f"{how.__name__}-o{n}")),
                wall_seconds(partial(how, plain, scratch / f"{how.__name__}-p{n}")),
            )
            for n in range(7)
        ]
        ours_s, plain_s = (statistics.median(values) for values in zip(*pairs, strict=True))
        line(
            f"{what}, {files} files, wall",
            f"{ours_s:.2f} s (plain files {plain_s:.2f} s): {ours_s / plain_s:.2f} ×",
            f"{bound} ×" if bound else "none",
            bound is None or ours_s <= bound * plain_s,
        )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gleis-bench-") as name:
        start_up()
        render(Path(name))
        copy(Path(name))
        nothing_to_do(Path(name))


if __name__ == "__main__":
    main()
