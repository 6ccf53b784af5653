"""AWS on loopback: moto's server, and Terraform that really applies to it.

Only where the machine has the real provider: one that knows a schema only makes nothing.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from gleis.contract import platform
from gleis.tools import environments

from .program import LOCK, REPO, Terraform
from .providers import REAL, find_mirror

SERVER = Path(__file__).with_name("moto_server.py")
# What moto_server.py keeps in moto's place.
LACKING = {
    "aws_eks_addon": "add-ons",
    "aws_eks_access_entry": "access entries",
    "aws_eks_access_policy_association": "access policies",
    "aws_eks_pod_identity_association": "pod identities",
}
ANYBODY = "anybody"  # moto asks for a login and takes every one


@dataclass(frozen=True)
class Aws:
    """One account on loopback."""

    endpoint: str
    account: str
    region: str
    config: Path  # of Terraform: the mirror, and nothing from the internet

    @property
    def env(self) -> dict[str, str]:
        """What any program needs to speak to it, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ANYBODY,
            "AWS_SECRET_ACCESS_KEY": ANYBODY,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",  # what moto lacks is lacking the tenth time, too
            "TF_CLI_CONFIG_FILE": str(self.config),
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=ANYBODY,
            aws_secret_access_key=ANYBODY,
        )


@contextmanager
def started(home: Path, account: str) -> Iterator[Aws]:
    """An empty account named `account`, in the region of this checkout's platform.yaml."""
    mirror = find_mirror()
    assert mirror is not None, "no real provider of AWS on this machine"
    config = home / "mirror.rc"
    # `init` links the provider instead of asking a registry; a cache would copy it.
    source = f"filesystem_mirror {{ path = {json.dumps(str(mirror))} }}"
    config.write_text(f"provider_installation {{\n  {source}\n}}\n")
    region = platform.load(REPO / "platform.yaml").clouds["aws"].region
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "moto.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with log.open("w") as out:
        server = subprocess.Popen(
            [environments.ensure(LOCK, name="terraform").python, "-P", SERVER, str(port), region],
            env={**env, "MOTO_ACCOUNT_ID": account, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
                 "HOME": str(home)},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(server, f"http://127.0.0.1:{port}", log)
        yield Aws(f"http://127.0.0.1:{port}", account, region, config)
    finally:
        server.terminate()
        server.wait(20)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, f"moto did not start:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(f"{address}/moto-api/", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"moto did not answer within a minute:\n{log.read_text()}")


@dataclass(frozen=True)
class Root:
    """A folder that is applied with the variables of a file, such as a stack."""

    folder: Path
    var_file: Path
    terraform: Terraform
    aws: Aws

    def checked(self, *argv: str) -> str:
        return self.terraform.checked(self.folder, *argv, timeout=600, env=self.aws.env)

    def init(self, *argv: str) -> None:
        self.checked("init", "-no-color", "-input=false", *argv)

    def apply(self) -> None:
        self.checked("apply", "-auto-approve", "-no-color", f"-var-file={self.var_file}")

    def plan(self) -> dict[str, Any]:
        """The plan as `terraform show -json` gives it."""
        self.checked("plan", "-no-color", f"-var-file={self.var_file}", "-out=it.tfplan")
        found: dict[str, Any] = json.loads(self.checked("show", "-json", "it.tfplan"))
        return found

    def destroy(self) -> None:
        self.checked("destroy", "-auto-approve", "-no-color", f"-var-file={self.var_file}")

    def outputs(self) -> dict[str, Any]:
        found = json.loads(self.checked("output", "-json"))
        return {name: it["value"] for name, it in found.items()}

    def resources(self) -> list[dict[str, Any]]:
        """What the state holds, with the resources of its modules."""

        def below(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
            yield from (each for each in module.get("resources", []) if each["mode"] == "managed")
            for child in module.get("child_modules", []):
                yield from below(child)

        return list(below(json.loads(self.checked("show", "-json"))["values"]["root_module"]))


def needs_real(terraform: Terraform, config: pytest.Config) -> None:
    """Leave the test where there is no provider that makes anything; with --strict that fails."""
    if terraform.providers.kinds.get("aws") == REAL:
        return
    sentence = (
        "NOT RUN: applying needs the provider of AWS itself, and neither a mirror nor a registry "
        "has it here; GLEIS_TF_MIRROR names a filesystem mirror (terraform providers mirror FOLDER)"
    )
    if config.getoption("--strict-tools"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
