"""Onboard projects: add, list, compare and remove the records that the clusters follow.

  gleis tenant add PATH|URL      write the record of a project, from its contract
  gleis tenant list              every tenant, and what runs where
  gleis tenant diff PATH|URL     what the record says, and what the contract says now
  gleis tenant remove TEAM/NAME  delete the record
  gleis tenant jobs              their Jenkins jobs, for Jenkins Job Builder

The records live where platform.yaml says (gitops). Exit codes: 0 done, 1 refused (or, for diff,
they differ), 2 wrong use or input, 3 the repository cannot be read or written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gleis.gitops.records import Record
    from gleis.gitops.state import Landed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    place = {"metavar": "PATH|URL", "help": "a checkout of the project, or its repository"}

    add = actions.add_parser("add", help="write the record of a project")
    add.add_argument("place", **place)  # type: ignore[arg-type]
    add.add_argument("--repository", metavar="URL", default="", help="its address, where not told")
    add.add_argument("--cpu", type=_whole, help="CPU cores, where not what the contract needs")
    add.add_argument("--gpu", type=_whole, help="GPUs, where not what the contract needs")
    add.add_argument("--update", action="store_true", help="rewrite the record that is there")
    add.add_argument("--json", action="store_true", help="print the result as JSON")

    listing = actions.add_parser("list", help="every tenant, and what runs where")
    listing.add_argument("--team", help="of this team only")
    listing.add_argument("--json", action="store_true", help="print JSON instead of a table")

    diff = actions.add_parser("diff", help="compare the record with the contract")
    diff.add_argument("place", **place)  # type: ignore[arg-type]
    diff.add_argument("--repository", metavar="URL", default="", help="its address, where not told")
    diff.add_argument("--json", action="store_true", help="print JSON instead of lines")

    remove = actions.add_parser("remove", help="delete the record of a project")
    remove.add_argument("name", metavar="TEAM/NAME")
    remove.add_argument("--reason", default="", help="goes into the commit")
    remove.add_argument("--force", action="store_true", help="also while something of it runs")
    remove.add_argument("--json", action="store_true", help="print the result as JSON")

    jobs = actions.add_parser("jobs", help="the Jenkins jobs of all tenants")
    jobs.add_argument("--output", type=Path, metavar="FILE", help="where to (default: print them)")


def run(args: argparse.Namespace) -> int:
    actions = {"add": _add, "list": _list, "diff": _diff, "remove": _remove, "jobs": _jobs}
    return actions[args.action](args)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _add(args: argparse.Namespace) -> int:
    from gleis.contract import platform
    from gleis.gitops import location, tenants

    organisation = platform.load()
    where = location.locate(organisation)
    with tenants.checkout(args.place) as (root, address):
        tenant = tenants.describe(root, organisation, args.repository or address)
        told = args.cpu is not None or args.gpu is not None
        landed = tenants.add(
            tenants.with_quota(tenant, args.cpu, args.gpu),
            organisation,
            where,
            root=_here(args.place),
            update=args.update,
            keep_quota=args.update and not told,
        )
    done = "is up to date" if args.update else "is a tenant"
    return _tell(args, tenant.name, landed, done if landed.changed else "needed no change")


def _remove(args: argparse.Namespace) -> int:
    from gleis.contract import platform
    from gleis.gitops import location, tenants
    from gleis.gitops.errors import GitopsError

    team, slash, name = args.name.partition("/")
    if not slash:
        raise GitopsError(f"{args.name!r} is not TEAM/NAME; `gleis tenant list` shows them")
    organisation = platform.load()
    landed = tenants.remove(
        team,
        name,
        organisation,
        location.locate(organisation),
        root=Path(),
        force=args.force,
        reason=args.reason,
    )
    return _tell(args, args.name, landed, "is no longer a tenant")


def _jobs(args: argparse.Namespace) -> int:
    from gleis.contract import platform
    from gleis.gitops import location, tenants
    from gleis.pipeline.ci import jenkins
    from gleis.tools.files import write_atomic

    organisation = platform.load()
    records = [
        {
            "team": each.tenant.team,
            "project": each.tenant.project,
            "repo": each.tenant.source.repository,
            "schedule": each.tenant.schedule,
        }
        for each in tenants.listed(location.locate(organisation))
    ]
    text = jenkins.tenant_jobs(records, organisation.git.host)
    if args.output:
        write_atomic(args.output, text)
        print(f"{args.output}: jobs of {len(records)} tenant(s)")
    else:
        print(text, end="")
    return 0


def _here(place: str) -> Path:
    """Whose git says who makes the commit: the checkout's own, else that of this folder."""
    return Path(place) if Path(place).is_dir() else Path()


def _tell(args: argparse.Namespace, name: str, landed: Landed, done: str) -> int:
    if args.json:
        facts = {
            "tenant": name,
            "changed": landed.changed,
            "commit": landed.commit,
            "proposal": landed.proposal or None,
        }
        print(json.dumps(facts, indent=2))
    elif landed.proposal:
        print(f"{name}: proposed, {landed.proposal}")
    else:
        print(f"{name} {done} (commit {landed.commit[:12]})")
    return 0


def _list(args: argparse.Namespace) -> int:
    from gleis.contract import platform
    from gleis.gitops import location, tenants

    where = location.locate(platform.load())
    found = [
        record
        for record in tenants.listed(where)
        if args.team is None or record.tenant.team == args.team
    ]
    if args.json:
        print(json.dumps({"tenants": [_as_dict(record) for record in found]}, indent=2))
    elif found:
        _print_table(found)
    else:
        print(f"no tenant in {where}", file=sys.stderr)
    return 0


def _as_dict(record: Record) -> dict[str, Any]:
    from gleis.gitops.records import plain

    live = {name: plain(it) if it else None for name, it in record.releases.items()}
    return {**plain(record.tenant), "releases": live}


def _print_table(found: list[Record]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from gleis.gitops.records import ENVIRONMENTS

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("tenant", "serving", "target", "cpu", "gpu", *ENVIRONMENTS):
        table.add_column(heading, overflow="fold")
    for record in found:
        tenant = record.tenant
        runs = [
            f"v{record.live[name].model_version}"
            if name in record.live
            else ("-" if name in tenant.environments else "")
            for name in ENVIRONMENTS
        ]
        serving = tenant.serving
        place = f"{serving.target}/{serving.cloud}"
        quota = (str(tenant.quota.cpu), str(tenant.quota.gpu))
        table.add_row(tenant.name, serving.mode, place, *quota, *runs)
    # A pipe has no width: 80 columns would fold the words that one greps for.
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


def _diff(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from gleis.contract import platform
    from gleis.gitops import location, tenants
    from gleis.gitops.errors import Refused

    organisation = platform.load()
    where = location.locate(organisation)
    with tenants.checkout(args.place) as (root, address):
        wanted = tenants.describe(root, organisation, args.repository or address)
    record = tenants.current(where, wanted.team, wanted.project)
    if record is None:
        raise Refused(f"{wanted.name} is not a tenant yet: gleis tenant add {args.place}")
    found = tenants.differences(record, wanted)
    if args.json:
        facts = {"tenant": wanted.name, "differences": [asdict(each) for each in found]}
        print(json.dumps(facts, indent=2))
    elif found:
        width = max(len(each.field) for each in found)
        print(f"{wanted.name}: field, record → contract")
        for each in found:
            print(f"  {each.field:<{width}}  {_shown(each.record)} → {_shown(each.contract)}")
        print("Take it over: gleis tenant add --update")
    else:
        print(f"{wanted.name}: record and contract say the same")
    return 1 if found else 0


def _shown(value: object) -> str:
    if value is None:
        return "(nothing)"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
