"""Write what is derived: files that CI systems run by, what clusters follow, READMEs.

For the platform team, in the platform's checkout. Exit codes: 0 done (with --check: nothing
differs), 1 a committed file is not what is rendered, 2 a source or the call is wrong, 3 what reads
Terraform is not installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        help="the platform's checkout (default: the one that this command is from, else here)",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; say what differs, and where"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from gleis import resources
    from gleis.gitops import rendering as objects
    from gleis.infra import module_docs
    from gleis.pipeline import rendering
    from gleis.tools import derived

    root = (args.path or (resources.root() if resources.in_checkout() else Path())).resolve()
    _, organisation = rendering.read(root)
    wanted = objects.render(root, organisation)
    if not args.check:
        written = rendering.write(root) + derived.write(root, module_docs.render(root))
        written += derived.write(root, wanted)
        removed = objects.remove(root, wanted)
        if args.json:
            print(json.dumps({"written": written, "removed": removed}, indent=2))
        else:
            lines = [f"wrote {name}" for name in written] + [f"removed {name}" for name in removed]
            print("\n".join(lines) or "nothing to write")
        return 0
    differences = rendering.check(root)
    differences += derived.differences(root, module_docs.render(root), "terraform")
    differences += derived.differences(root, wanted, "argocd") + objects.differences(root, wanted)
    if args.json:
        print(json.dumps({"differences": [asdict(each) for each in differences]}, indent=2))
    else:
        for each in differences:
            print(f"{each.file}: {each.message}", file=sys.stderr)
        print(
            "\nThese files are rendered from ci/pipeline.yaml, platform.yaml, terraform/ and "
            "argocd/: change that, then run gleis render"
            if differences
            else "what is rendered is what is committed",
            file=sys.stderr if differences else sys.stdout,
        )
    return 1 if differences else 0
