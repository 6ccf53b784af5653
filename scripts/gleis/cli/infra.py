"""Plan clouds, find where they drifted from the code, and say what they cost.

  gleis infra plan    what an apply would do, and what it would cost
  gleis infra drift   where clouds, states and code no longer say the same
  gleis infra cost    what is planned costs in a month, by project, team and cost center

Roots are those of terraform/live/<cloud>/<environment>/ (--environment, --cloud choose), or the
folders that --root names. Nothing is applied, and nothing is written into a root. Exit codes: 0
done, 1 drift (for cost: a budget does not suffice), 2 wrong use or input, 3 Terraform, a backend or
a cloud does not work, for one root at least.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gleis.infra.cost import Limit
    from gleis.infra.estimate import Estimate
    from gleis.infra.plan import Plan
    from gleis.infra.roots import Root
    from gleis.infra.terraform import Terraform

_BROKEN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    plan = actions.add_parser("plan", help="what an apply would do, and what it would cost")
    _from_file(plan)
    drift = actions.add_parser("drift", help="where clouds, states and code differ")
    cost = actions.add_parser("cost", help="what is planned costs in a month")
    _from_file(cost)
    cost.add_argument(
        "--budget",
        action="append",
        default=[],
        type=_budget,
        metavar="SCOPE:NAME=USD",
        help="what may be spent in a month, such as team:vision=5000, besides planned budgets",
    )
    for each in (plan, drift, cost):
        each.add_argument(
            "--root",
            action="append",
            default=[],
            type=Path,
            metavar="PATH",
            help="a folder that Terraform is run in, such as a project's infra/; may be repeated",
        )
        each.add_argument("--environment", default="", help="only the roots of this environment")
        each.add_argument("--cloud", default="", help="only the roots of this cloud")
        each.add_argument(
            "--var-file",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="values of variables, with --root",
        )
        each.add_argument(
            "--jobs", type=_positive, metavar="N", help="roots at a time (default: 8)"
        )
        each.add_argument(
            "--timeout",
            type=_positive,
            metavar="SECONDS",
            help="for one command of Terraform (default: 1800)",
        )
        shape = each.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="print JSON instead of text")
        shape.add_argument("--markdown", action="store_true", help="print Markdown instead of text")


def run(args: argparse.Namespace) -> int:
    actions = {"plan": _plan, "drift": _drift, "cost": _cost}
    return actions[args.action](args)


def _from_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plan",
        type=Path,
        metavar="FILE",
        help="what `terraform show -json PLANFILE` printed; Terraform is not started",
    )
    parser.add_argument(
        "--no-state",
        action="store_true",
        help="plan as if nothing were there yet: needs no access to a backend",
    )
    parser.add_argument(
        "--region", default="", help="whose prices count where a plan does not tell the region"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _budget(text: str) -> Limit:
    from gleis.infra.cost import Limit
    from gleis.infra.errors import InfraError

    try:
        return Limit.parse(text)
    except InfraError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _drift(args: argparse.Namespace) -> int:
    from gleis.infra import drift, drift_report, parallel

    roots, terraform = _roots(args), _terraform(args)
    with _progress("checking for drift", len(roots)) as done:
        checked = drift.check(roots, terraform, workers=args.jobs or parallel.WORKERS, done=done)
    if args.json:
        print(json.dumps(drift_report.to_dict(checked), indent=2))
    else:
        render = drift_report.markdown if args.markdown else drift_report.text
        print(render(checked), end="")
    return drift_report.report(checked).exit_code


def _plan(args: argparse.Namespace) -> int:
    from gleis.infra import cost, summary

    prices = cost.Prices.load(region=_region(args))

    def shown(name: str, plan: Plan) -> str:
        estimate = cost.estimate(plan, prices)
        render = summary.markdown if args.markdown else summary.text
        return render(plan, estimate, title=name)

    def plain(name: str, plan: Plan) -> dict[str, Any]:
        return {"root": name, **plan.to_dict(), "cost": cost.estimate(plan, prices).to_dict()}

    planned, problems = _planned(args)
    if args.json:
        facts = {"roots": [plain(*each) for each in planned], "problems": problems}
        print(json.dumps(facts, indent=2))
    else:
        print("\n".join(shown(*each) for each in planned), end="")
    return _after(problems)


def _cost(args: argparse.Namespace) -> int:
    from gleis.infra import cost, summary

    prices = cost.Prices.load(region=_region(args))
    planned, problems = _planned(args)
    estimate: Estimate = cost.estimates(planned, prices, limits=args.budget)
    if args.json:
        print(json.dumps({**estimate.to_dict(), "problems": problems}, indent=2))
    else:
        render = summary.cost_markdown if args.markdown else summary.cost_text
        print(render(estimate), end="")
    return _after(problems) or (1 if estimate.over else 0)


def _planned(args: argparse.Namespace) -> tuple[list[tuple[str, Plan]], dict[str, str]]:
    """Plans by the name of their root, and why there is none of the others."""
    from gleis.errors import GleisError
    from gleis.infra import parallel
    from gleis.infra.errors import InfraError
    from gleis.infra.plan import Plan

    if args.plan:
        try:
            text = args.plan.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InfraError(f"{args.plan} cannot be read ({error}): give a file of JSON") from None
        return [(args.plan.name, Plan.read(text))], {}
    roots, terraform = _roots(args), _terraform(args)

    def ask(root: Root) -> Plan | str:
        try:
            return terraform.plan(root, state=not args.no_state)
        except GleisError as error:
            return str(error)

    with _progress("planning", len(roots)) as done:
        answers = parallel.over(roots, ask, workers=args.jobs or parallel.WORKERS, done=done)
    pairs = list(zip(roots, answers, strict=True))
    planned = [(root.name, answer) for root, answer in pairs if isinstance(answer, Plan)]
    return planned, {root.name: each for root, each in pairs if isinstance(each, str)}


def _after(problems: dict[str, str]) -> int:
    for name, problem in problems.items():
        print(f"{name} could not be planned: {problem}", file=sys.stderr)
    return _BROKEN if problems else 0


def _roots(args: argparse.Namespace) -> tuple[Root, ...]:
    from gleis.infra import roots
    from gleis.infra.errors import InfraError

    if args.root:
        if args.environment or args.cloud:
            raise InfraError(
                "--environment and --cloud choose among the roots that --root replaces"
            )
        return tuple(roots.single(path, var_files=tuple(args.var_file)) for path in args.root)
    if args.var_file:
        raise InfraError("--var-file goes with --root; other roots have their own *.tfvars")
    return roots.discover(Path(), environment=args.environment, cloud=args.cloud)


def _terraform(args: argparse.Namespace) -> Terraform:
    from gleis.infra import terraform

    return terraform.find(timeout=args.timeout or terraform.TIMEOUT)


def _region(args: argparse.Namespace) -> dict[str, str]:
    """By cloud, where platform.yaml or --region says that things are."""
    from gleis.contract import platform

    regions = {name: cloud.region for name, cloud in platform.load().clouds.items()}
    return {name: args.region or region for name, region in regions.items()}


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; the function that moves it by one."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
