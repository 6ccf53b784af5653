"""Cut a release of the platform: one version for template, pipeline, wheel and charts.

For the platform team, in the platform's checkout. Writes the version into the package and
release.json (the tested commit, the wheel's and the template's hash); committing and tagging it is
left to a person or to the release workflow.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

_VERSION = re.compile(r"\d+\.\d+\.\d+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("version", help="the new version, such as 0.2.0")


def run(args: argparse.Namespace) -> int:
    from gleis import resources
    from gleis.errors import GleisError
    from gleis.pipeline.source import source
    from gleis.tools.files import sha256, tree_sha256, write_atomic

    root = resources.root()
    if not (root / "copier.yml").is_file():
        raise GleisError("this is an installed gleis: cut a release in the platform's checkout")
    if not _VERSION.fullmatch(args.version):
        raise GleisError(f"{args.version!r} is not a version: three numbers, such as 0.2.0")
    if f"## [{args.version}]" not in (root / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise GleisError(f"CHANGELOG.md has no section [{args.version}]: say what changed first")
    judged = source(root)
    if judged.dirty or judged.commit is None:
        raise GleisError("the checkout has changes that are not committed: commit them first")

    package = root / "scripts" / "gleis" / "__init__.py"
    text = package.read_text(encoding="utf-8")
    version_line = f'__version__ = "{args.version}"'
    write_atomic(package, re.sub(r'__version__ = ".*"', version_line, text))
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _build(root, Path(scratch))
        facts = {
            "version": args.version,
            "commit": judged.commit,
            "wheel": {"name": wheel.name, "sha256": sha256(wheel)},
            "template": {"sha256": tree_sha256(root / "template")},
        }
    write_atomic(root / "release.json", json.dumps(facts, indent=2) + "\n")
    print("release.json written; now commit it and tag the commit:")
    print(f"  git commit -am 'Release {args.version}' && git tag v{args.version}")
    return 0


def _build(root: Path, into: Path) -> Path:
    from gleis.errors import ToolMissing
    from gleis.tools.process import clean_env, run

    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel"]
    done = run([*build, "-d", str(into)], timeout=300, cwd=root, env=clean_env())
    if not done.ok:
        raise ToolMissing(
            "the wheel was not built; hatchling is in the tests' environment: "
            f"./dev shell python -m gleis release VERSION\n{done.stderr.strip()}"
        )
    (wheel,) = into.glob("*.whl")
    return wheel
