"""Serve the release that the last run installed, until it is stopped."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", type=Path, help="the project (default: here)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=_port, default=8080, help="port (default: %(default)s, 0: any free)"
    )


def run(args: argparse.Namespace) -> int:
    from gleis.contract import platform, project
    from gleis.errors import GleisError
    from gleis.pipeline import locks
    from gleis.stages.deploy import CURRENT
    from gleis.tools.process import clean_env

    root = args.path.resolve()
    contract = project.load(root)
    if contract.serving.mode != "online":
        raise GleisError(
            f"{project.FILE} says serving.mode: {contract.serving.mode}; only `online` has a "
            f"service. To predict a file: python -m {contract.package}.predict IN OUT"
        )
    release = root / CURRENT
    if not release.is_dir():
        raise GleisError(f"no release is installed in {root}. Make one: gleis run")
    environment = locks.environment(release, platform.load(), progress=print)
    print(
        f"http://{args.host}:{args.port}/v2/models/{contract.metadata.name} (Ctrl-C stops it)",
        flush=True,
    )
    module = f"{contract.package}.serve"
    argv = ["-P", "-m", module, "--model", str(release / "model")]
    argv += ["--host", args.host, "--port", str(args.port)]
    # The service takes this process's place, so that signals reach it and nothing is left behind.
    os.chdir(release)
    env = clean_env(PYTHONPATH=str(release / "src"))
    os.execve(environment.python, [str(environment.python), *argv], env)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)
