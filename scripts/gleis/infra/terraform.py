"""Run Terraform over a root, without writing into it.

`GLEIS_TERRAFORM` may hold the words of another program that speaks Terraform's command line. All
else is the environment's: credentials, `AWS_ENDPOINT_URL`, `TF_CLI_CONFIG_FILE`, `TF_VAR_…`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from gleis.infra import command, scratch
from gleis.infra.errors import InfraError, TerraformFailed
from gleis.infra.plan import Plan
from gleis.infra.roots import Root
from gleis.tools import catalogue, environments
from gleis.tools.errors import ToolMissing
from gleis.tools.process import Completed, clean_env, run

TIMEOUT = 1800.0  # seconds for one command; a refresh of a large state asks a cloud for minutes
_VERSION_TIMEOUT = 60.0
_LINES = 30  # of what Terraform said, in a message

# They would change what our own words say, or write secrets into a log.
_NOT_PASSED = re.compile(r"TF_(CLI_ARGS|DATA_DIR|LOG|INPUT)")
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY", re.I)
_SHORTEST_SECRET = 6
_PROVIDERS = re.compile(r'^\s*(module|provider|(resource|data)\s+"(?!terraform_))', re.M)
_FRAME = re.compile(r"^[│╷╵\s]+", re.M)
# A backend that needs no credentials and knows of nothing.
_OVERRIDE = "zz_gleis_override.tf"  # of several files the last one wins
_NO_STATE = 'terraform {\n  backend "local" {\n    path = "gleis-no-state.tfstate"\n  }\n}\n'


@dataclass(frozen=True)
class Terraform:
    """A program and the seconds that one command of it may take. Threads may share it.

    `env` comes on top of our own environment, such as the identity of a CI build.
    """

    argv: tuple[str, ...]
    timeout: float = TIMEOUT
    env: Mapping[str, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def opened(self, root: Root, *, state: bool = True) -> Iterator[Opened]:
        """`root`, initialised in a scratch folder. Without `state` it is as if nothing were there
        yet, which needs no access to the backend."""
        with scratch.of(root.folder) as folder:
            if not state:
                for link in folder.glob("terraform.tfstate*"):  # init would ask to move it
                    link.unlink()
                (folder / _OVERRIDE).write_text(_NO_STATE)
            opened = Opened(self, root, folder)
            with _cache_to_oneself() if _needs_providers(root.folder) else nullcontext():
                opened.run("init", backend_config=_backend(root) if state else None)
            yield opened

    def plan(self, root: Root, *, state: bool = True) -> Plan:
        """The plan of `root`. Raises TerraformFailed, ToolTimeout, InfraError."""
        with self.opened(root, state=state) as opened:
            return Plan.read(opened.plan())


@dataclass(frozen=True)
class Opened:
    """A root that `terraform init` was run for; `folder` is its scratch copy."""

    terraform: Terraform
    root: Root
    folder: Path

    def plan(self) -> str:
        """The text of `terraform show -json` of a new plan: it may hold secrets in the clear."""
        file = self.folder / "gleis.tfplan"
        self.run(
            "plan",
            out=str(file),
            lock=False,  # nothing is written, so nobody has to wait for us
            var_file=[str(each) for each in self.root.var_files],
            var=[f"{name}={value}" for name, value in self.root.variables.items()],
        )
        return self.run("show", str(file), json=command.FLAG).stdout

    def state(self) -> str:
        """The text of `terraform state pull`: it may hold secrets in the clear."""
        return self.run("state pull").stdout

    def run(self, name: str, *arguments: str, **options: command.Option) -> Completed:
        """`terraform <name>` in the scratch folder. Raises TerraformFailed and ToolTimeout."""
        return _run(self, name, arguments, options)


def find(*, timeout: float = TIMEOUT) -> Terraform:
    """The program of `$GLEIS_TERRAFORM`, else terraform on PATH.

    Raises ToolMissing when there is none that is new enough.
    """
    told = os.environ.get("GLEIS_TERRAFORM", "")
    if told:
        try:
            argv = tuple(shlex.split(told))
        except ValueError as error:
            raise InfraError(f"GLEIS_TERRAFORM cannot be read as words ({error})") from None
        if not argv or shutil.which(argv[0]) is None:
            raise ToolMissing(f"GLEIS_TERRAFORM says {told!r}, and that program is not there")
    else:
        argv = (str(catalogue.require("terraform")),)
    _check_version(argv)
    return Terraform(argv, timeout)


def _check_version(argv: tuple[str, ...]) -> None:
    done = run([*argv, "version", "-json"], timeout=_VERSION_TIMEOUT, env=_environment())
    try:
        version = str(json.loads(done.stdout)["terraform_version"])
    except (ValueError, KeyError, TypeError):
        raise ToolMissing(
            f"{shlex.join(argv)} does not say which Terraform it is (`version -json`, exit code "
            f"{done.returncode}):\n{_said(done)}"
        ) from None
    oldest = catalogue.tool("terraform").minimum
    if catalogue.numbers(version) < catalogue.numbers(oldest):
        raise ToolMissing(
            f"{shlex.join(argv)} is Terraform {version}; {oldest} is the oldest that works"
        )


@contextmanager
def _cache_to_oneself() -> Iterator[None]:
    """Terraform's cache of providers does not bear two writers, be they threads or processes."""
    with (_cache() / ".gleis.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _cache() -> Path:
    told = os.environ.get("TF_PLUGIN_CACHE_DIR")
    folder = Path(told) if told else environments.cache_dir() / "terraform-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _needs_providers(folder: Path) -> bool:
    texts = (each.read_text(errors="replace") for each in folder.glob("*.tf"))
    return any(map(_PROVIDERS.search, texts)) or any(folder.glob("*.tf.json"))


def _backend(root: Root) -> list[str]:
    files = [str(root.backend_file)] if root.backend_file else []
    return files + [f"{name}={value}" for name, value in root.backend.items()]


def _run(
    opened: Opened, name: str, arguments: tuple[str, ...], options: Mapping[str, command.Option]
) -> Completed:
    in_common: dict[str, command.Option] = {"no_color": command.FLAG}
    if name in ("init", "plan"):
        in_common["input"] = False
    if name == "state pull":
        in_common = {}
    done = run(
        command.words(opened.terraform.argv, name, *arguments, **in_common, **options),
        cwd=opened.folder,
        env=_environment() | dict(opened.terraform.env),
        timeout=opened.terraform.timeout,
    )
    if not done.ok:
        raise TerraformFailed(
            f"terraform {name} failed for {opened.root.name} ({opened.root.folder}):\n"
            + _said(done, opened.terraform.env),
            done,
        )
    return done


def _environment() -> dict[str, str]:
    """Ours, less what would change the meaning of our words, and with a cache of providers.

    The lock file that Terraform writes from a cached provider lacks the hashes of other platforms;
    it lies in the scratch folder and goes with it.
    """
    env = {name: value for name, value in clean_env().items() if not _NOT_PASSED.match(name)}
    return env | {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_PLUGIN_CACHE_DIR": str(_cache()),
        "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
    }


def _said(done: Completed, env: Mapping[str, str] | None = None) -> str:
    """The end of what Terraform said, without its frame and without secrets of its environment."""
    said = done.stderr if done.stderr.strip() else done.stdout
    for name, value in {**os.environ, **(env or {})}.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST_SECRET:
            said = said.replace(value, "(hidden)")
    lines = [line.rstrip() for line in _FRAME.sub("", said).splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-_LINES:])
