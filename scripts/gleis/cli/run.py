"""Run the pipeline of this project; what did not change is not run again.

Exit codes: 0 every stage passed, 1 a stage said no, 2 the project or the call is wrong, 3 a tool or
service is missing or broken, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", type=Path, help="the project (default: here)"
    )
    parser.add_argument(
        "--stage", action="append", default=[], help="run only this stage (repeatable)"
    )
    parser.add_argument(
        "--from", dest="first", metavar="STAGE", help="this stage and all that need it"
    )
    parser.add_argument("--until", metavar="STAGE", help="this stage and all that it needs")
    parser.add_argument(
        "--environment",
        choices=("local", "dev", "staging", "prod"),
        default="local",
        help="what the run is for (default: %(default)s)",
    )
    parser.add_argument(
        "--event",
        choices=("pull-request", "main", "tag", "schedule", "drift", "manual"),
        help="what started it (default: what the CI system says; manual at a laptop)",
    )
    parser.add_argument("--force", action="store_true", help="run stages although nothing changed")
    parser.add_argument(
        "--keep-going", action="store_true", help="after a failure, run what does not need it"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would run and why, and stop"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    import os
    import signal

    from gleis import stages
    from gleis.contract import platform, project
    from gleis.pipeline import ci, live, run_lock, summary
    from gleis.pipeline import graph as graphs
    from gleis.pipeline.runner import Runner
    from gleis.pipeline.selection import Selection, select

    root = args.path.resolve()
    organisation = platform.load()
    contract = project.load(root, organisation)
    graph = graphs.load()
    build = ci.detect(os.environ)
    occasion = graphs.Occasion(args.event or build.event, args.environment)
    chosen = select(graph, contract, occasion, only=args.stage, first=args.first, until=args.until)
    selection = Selection(chosen, force=args.force, keep_going=args.keep_going)

    if args.dry_run:
        runner = Runner(root, graph, contract, organisation, stages.load, occasion=occasion)
        return _show_plan(runner.plan(selection), as_json=args.json)

    # A CI system that gives up sends SIGTERM: leave as cleanly as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with run_lock.held(root) as lock_file:
        runner = Runner(
            root, graph, contract, organisation, stages.load, occasion=occasion, lock_file=lock_file
        )
        order = [name for name in graph.order if name in chosen]
        at_terminal = build.name == "local"
        with live.display(graph, order, quiet=args.json, live=at_terminal) as listener:
            result = runner.run(selection, listener)
    build.annotate(summary.findings(root, result))
    page = [summary.markdown(result, occasion), *summary.pages(root, graph, result)]
    build.publish_summary("\n".join(page))
    if args.json:
        print(json.dumps(result.to_dict(), indent=2))
    else:
        print(live.closing_words(result), file=sys.stderr if result.exit_code else sys.stdout)
    return result.exit_code


def _show_plan(planned: list, *, as_json: bool) -> int:  # type: ignore[type-arg]
    from dataclasses import asdict

    if as_json:
        print(json.dumps([asdict(each) for each in planned], indent=2))
        return 0
    width = max((len(each.stage) for each in planned), default=0)
    for each in planned:
        print(f"{each.stage:<{width}}  {'would run' if each.runs else 'unchanged'}  {each.why}")
    return 0
