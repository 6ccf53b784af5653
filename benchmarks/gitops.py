"""A preview of many tenants: the whole, one change, how it grows; and `helm template` in a loop.

Three environments each, the charts and ApplicationSets of this repository. The loop is measured on
a sample and multiplied: nobody waits half an hour for it. `--tenants 5000` measures that many, too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from measure import ROOT, line, wall_seconds

sys.path.insert(0, str(ROOT))

from tests.argocd import rig
from tests.gitops.preview import synthetic

from gleis.gitops import batch, charts
from gleis.gitops.preview import helm, schemas, work
from gleis.gitops.preview.preview import Preview, Request, preview
from gleis.tools import catalogue

SIZES = (10, 100, 1000)
SAMPLE = 20  # releases that the loop is measured on
WHOLE, ONE = 180.0, 3.0  # seconds
FASTER = 10.0
MEMORY = 1e9  # bytes


def take_the_tests_parts() -> None:
    """Where the machine has no Helm or no schemas: those that the tests have."""
    if helm.VARIABLE not in os.environ and catalogue.find("helm") is None:
        os.environ[helm.VARIABLE] = str(rig.helm(4))
    if schemas.VARIABLE not in os.environ and rig.crds():
        os.environ[schemas.VARIABLE] = str(rig.crds())


def made(scratch: Path, count: int) -> Path:
    """A repository with `count` tenants; its platform.yaml."""
    root = scratch / f"tenants-{count}"
    root.mkdir()
    file = synthetic.platform(root, argocd=ROOT / "argocd", tenants=count)
    synthetic.write(root, count)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        who = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        subprocess.run(["git", *who, *words], cwd=root, check=True)
    return file


def bar(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what} {done}/{total}\x1b[K", end="", file=sys.stderr, flush=True)


def look(file: Path, cache: Path, **more: str) -> tuple[Preview, float]:
    started = time.perf_counter()
    found = preview(Request(file, cache=cache, **more), bar)
    seconds = time.perf_counter() - started
    bar("preview", 1, 1)
    failing = [each.message for each in found.findings if each.fails]
    if failing:
        raise SystemExit(f"the answer is wrong: {failing[:3]}")
    return found, seconds


def rendering(scratch: Path, file: Path, count: int) -> tuple[float, float]:
    """Seconds for all releases of `count` tenants: in batches, and (from a sample) in a loop."""
    program = helm.find().program
    root = file.parent
    known = charts.find(root / "argocd" / "charts")
    shared = yaml.safe_load((root / "argocd" / "platform" / "values.yaml").read_text())
    items = []
    for number in range(count):
        folder = root / "argocd" / "tenants" / synthetic.TEAMS[number % 3] / f"model-{number:05}"
        for environment in synthetic.ENVIRONMENTS:
            values: dict[str, Any] = {}
            for name in ("project", environment):
                values |= yaml.load((folder / f"{name}.yaml").read_text(), Loader=yaml.CSafeLoader)
            for chart in ("tenant", "model-service"):
                items.append(batch.Item(chart, f"model-{number:05}", "x", values))
    os.environ.update(work.GARBAGE)
    together = wall_seconds(
        lambda: sum(
            len(each.objects)
            for each in batch.render(
                items, shared=shared, known=known, helm=program, chunk=work.CHUNK
            )
        )
    )
    for each in work.GARBAGE:
        del os.environ[each]
    alone = 0.0
    for index, item in enumerate(items[:SAMPLE]):
        chart = scratch / f"chart-{item.chart}"
        if not chart.exists():
            shutil.copytree(root / "argocd" / "charts" / item.chart, chart)
            shutil.copytree(
                root / "argocd" / "charts" / charts.LIBRARY, chart / "charts" / charts.LIBRARY
            )
        values_file = scratch / f"values-{index}.json"
        values_file.write_text(json.dumps({**shared, **item.values}))
        argv = [program, "template", item.release, chart, "--values", values_file]
        started = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        alone += time.perf_counter() - started
    return together, alone / SAMPLE * len(items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, metavar="N", help="measure this many, too")
    parser.add_argument("--all", action="store_true", help="5,000, too")
    args, _ = parser.parse_known_args()
    take_the_tests_parts()
    more = [args.tenants] if args.tenants else [5000] if args.all else []
    seconds: dict[int, float] = {}
    with tempfile.TemporaryDirectory(prefix="gleis-bench-") as name:
        scratch = Path(name)
        for count in (*SIZES, *more):
            file = made(scratch, count)
            found, seconds[count] = look(file, scratch / f"cache-{count}")
            line(
                f"preview of {count:,} tenants × 3, wall",
                f"{seconds[count]:.1f} s, {found.objects:,} objects",
                f"{WHOLE:.0f} s" if count == 1000 else "none",
                count != 1000 or seconds[count] <= WHOLE,
            )
        largest = max(SIZES)
        file = scratch / f"tenants-{largest}" / "platform.yaml"
        record = file.parent / "argocd" / "tenants" / "vision" / "model-00001" / "project.yaml"
        record.write_text(record.read_text().replace("cpu: 8", "cpu: 6"))
        found, one = look(file, scratch / f"cache-{largest}", changed_since="HEAD")
        assert found.changes
        line(f"one of {largest:,} tenants changed, wall", f"{one:.1f} s", f"{ONE} s", one <= ONE)
        _, cold = look(file, scratch / "cache-none", changed_since="HEAD")
        line("the same with an empty cache", f"{cold:.1f} s", "none", True)
        per = {count: seconds[count] / count for count in (100, 1000)}
        line(
            "growth from 100 to 1,000 tenants",
            f"{per[1000] / per[100]:.2f} × the time for each",
            "1.3 ×",
            per[1000] <= 1.3 * per[100],
        )
        together, loop = rendering(scratch, scratch / "tenants-100" / "platform.yaml", 100)
        line(
            "rendering 100 tenants × 3 × 2 charts, wall",
            f"{together:.1f} s (loop, from {SAMPLE}: {loop:.0f} s): {loop / together:.0f} ×",
            f"{FASTER:.0f} ×",
            loop >= FASTER * together,
        )
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    most = [resource.getrusage(kind).ru_maxrss * unit for kind in kinds]
    line(
        "memory at most (ru_maxrss)",
        f"{most[0] / 1e6:.0f} MB, a child {most[1] / 1e6:.0f} MB",
        f"{MEMORY / 1e6:.0f} MB",
        most[0] + 2 * most[1] <= MEMORY,
    )


if __name__ == "__main__":
    main()
