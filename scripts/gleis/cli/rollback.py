"""Roll an environment back to what ran in it before: the revert of the last promotion.

Exit codes: 0 rolled back, 1 there is nothing to go back to, or somebody else was faster, 2 wrong
use or input, 3 the repository that holds the state cannot be read or written.
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
        "--env", dest="environment", required=True, choices=("dev", "staging", "prod")
    )
    parser.add_argument("--reason", required=True, help="why; goes into the commit")
    parser.add_argument(
        "--force", action="store_true", help="also where nothing ran before: out of service"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from gleis.contract import platform, project
    from gleis.gitops import location, rollback
    from gleis.stages.deploy import build_url

    root = args.path.resolve()
    organisation = platform.load()
    metadata = project.load(root, organisation).metadata
    done = rollback.roll_back(
        rollback.Request(
            root=root,
            platform=organisation,
            team=metadata.team,
            project=metadata.name,
            environment=args.environment,
            reason=args.reason,
            force=args.force,
            run_url=build_url(),
        ),
        location.locate(organisation),
    )
    former, landed = done.former, done.landed
    if args.json:
        facts = {
            "tenant": done.tenant,
            "environment": done.environment,
            "from": done.live.model_version,
            "version": former.model_version if former else None,
            "digest": former.image_digest if former else None,
            "commit": landed.commit,
            "proposal": landed.proposal or None,
        }
        print(json.dumps(facts, indent=2))
        return 0
    back = f"v{former.model_version}, {former.image_digest[:19]}" if former else "nothing"
    if landed.proposal:
        print(f"proposed to go back to {back} in {done.environment}: {landed.proposal}")
    else:
        print(
            f"{done.environment} of {done.tenant} is back from v{done.live.model_version} to "
            f"{back} (commit {landed.commit[:12]})"
        )
    return 0
