"""Promote a model to the next environment: one commit, after every gate has said yes.

From `run` (what the last `gleis run` made) to the first environment, or from one environment to the
next. The gates: evidence complete, metric above the floor, SOPs held, for prod an approver who is
not the author. Exit codes: 0 promoted (or it runs there already), 1 a gate said no, 2 wrong use or
input, 3 the repository that holds the state cannot be read or written.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", type=Path, help="the project (default: here)"
    )
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        choices=("run", "dev", "staging"),
        help="run: what the last gleis run made; else what runs in that environment",
    )
    parser.add_argument("--to", dest="target", required=True, choices=("dev", "staging", "prod"))
    parser.add_argument("--approver", default="", help="who approved it: a login or mail address")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from gleis.contract import platform, project
    from gleis.gitops import location, promotion, run_evidence
    from gleis.pipeline.graph import Occasion, load
    from gleis.pipeline.source import source
    from gleis.stages.deploy import build_url, required

    root = args.path.resolve()
    organisation = platform.load()
    contract = project.load(root, organisation)
    stages = required(load(), contract, Occasion("manual", args.target))
    candidate = (
        run_evidence.release(root, contract, organisation, source(root), stages)
        if args.source == "run"
        else None
    )
    done = promotion.promote(
        promotion.Request(
            root=root,
            project=contract,
            platform=organisation,
            source=args.source,
            target=args.target,
            required=stages,
            candidate=candidate,
            approver=args.approver,
            run_url=build_url(),
        ),
        location.locate(organisation),
    )
    release, landed = done.release, done.landed
    if args.json:
        facts = {
            "tenant": done.tenant,
            "environment": done.environment,
            "version": release.model_version,
            "digest": release.image_digest,
            "changed": landed.changed,
            "commit": landed.commit,
            "proposal": landed.proposal or None,
        }
        print(json.dumps(facts, indent=2))
    elif not landed.changed:
        print(f"{done.environment} of {done.tenant} runs v{release.model_version} already")
    elif landed.proposal:
        print(f"proposed v{release.model_version} for {done.environment}: {landed.proposal}")
    else:
        print(
            f"{done.environment} of {done.tenant} now runs v{release.model_version}, "
            f"{release.image_digest[:19]} (commit {landed.commit[:12]})"
        )
    return 0
