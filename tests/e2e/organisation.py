"""An organisation on one machine: a registry, a base image, advisories, a state of deployments.

No image can be pulled here, so a Debian root made by debootstrap is pushed to a registry on
loopback under the name that the Dockerfile asks for. Its digest cannot be the pinned one: copied
repos, and the platform.yaml that they are judged by, name the local one instead. Base and registry
stand for an organisation's own: this machine's certificates and package index are in the base.
"""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gleis.contract import platform
from gleis.tools import catalogue, environments, process

REPO = Path(__file__).parent.parent.parent
ADVISORIES = REPO / "tests" / "supply" / "advisories.json"
ADDRESS = "https://github.com/example-org/tumour-screening"
PACKAGES = "python3,python3-venv,python-is-python3,ca-certificates"


@dataclass(frozen=True)
class Rig:
    """A registry on loopback that holds the base image, in place of the one that is pinned."""

    host: str
    base: str
    digest: str
    pinned: str

    def platform_yaml(self) -> str:
        """Our platform.yaml with this registry, this base image and our advisories."""
        text = (REPO / "platform.yaml").read_text()
        host = f"host: {platform.load(REPO / 'platform.yaml').registry.host}\n"
        for old, new in (
            (self.pinned, self.digest),
            (host, f"host: {self.host}\n  mirror: {self.host}\n"),
            ("\nscan:\n", f"\nscan:\n  advisories: {ADVISORIES}\n"),
        ):
            assert old in text, old
            text = text.replace(old, new, 1)
        return text


@dataclass(frozen=True)
class Site:
    """What one front end of the pipeline works with: a key, and its state of deployments."""

    state: Path
    environ: Mapping[str, str]

    def release(self, environment: str) -> str:
        """The file that says what runs in `environment`, as the state has it now."""
        argv = ["git", "ls-tree", "-r", "--name-only", "main"]
        listed = process.run(argv, cwd=self.state, timeout=60, check=True).stdout.split()
        (name,) = [each for each in listed if each.endswith(f"/{environment}.yaml")]
        argv = ["git", "show", f"main:{name}"]
        return process.run(argv, cwd=self.state, timeout=60, check=True).stdout


def site(rig: Rig, folder: Path) -> Site:
    """A bare repository for the state of deployments, a `platform.yaml` that names it, a key."""
    folder.mkdir(parents=True)
    state, file, key = folder / "state.git", folder / "platform.yaml", folder / "signing.key"
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", state)
    text = rig.platform_yaml()
    assert "  repo: .\n" in text
    file.write_text(text.replace("  repo: .\n", f"  repo: {state}\n  mode: push\n"))
    run(
        "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key
    )
    key.chmod(0o600)
    environ = {
        "GLEIS_PLATFORM": str(file),
        "GLEIS_SIGNING_KEY": str(key),
        "GLEIS_BUILDER": "buildah",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "CONTAINERS_STORAGE_CONF": os.environ["CONTAINERS_STORAGE_CONF"],
    }
    return Site(state, environ)


def tracking_store(repo: Path, folder: Path) -> str:
    """A tracking store that jobs on different runners share, as a server would be."""
    python = environments.ensure(repo / "requirements.lock", name="project").python
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    program = (
        "import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]);"
        "mlflow.create_experiment(sys.argv[2], artifact_location=sys.argv[3])"
    )
    folder.mkdir(parents=True)
    run(python, "-c", program, uri, "tumour-screening", (folder / "artifacts").as_uri())
    return uri


def run(*argv: str | Path, timeout: float = 300) -> str:
    return process.run(list(argv), timeout=timeout, check=True).stdout.strip()


def base_root() -> Path:
    """A tar of a Debian root with Python, made once and kept in the cache of Gleis."""
    kept = environments.cache_dir() / "tests" / "debian-base-1.tar"
    if kept.is_file():
        return kept
    said = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    suite = said["VERSION_CODENAME"].strip('"')
    kept.parent.mkdir(parents=True, exist_ok=True)
    root = kept.with_name(f".root-{os.getpid()}")
    try:
        debootstrap = catalogue.require("debootstrap")
        run(debootstrap, "--variant=minbase", f"--include={PACKAGES}", suite, root, timeout=400)
        for name in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "dev"):
            shutil.rmtree(root / name)
            (root / name).mkdir()
        packed = kept.with_suffix(".new")
        run("tar", "-C", root, "--sort=name", "--numeric-owner", "-cf", packed, ".")
        packed.rename(kept)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return kept


def site_settings(folder: Path) -> Path:
    """The certificates and package index of this machine, as its organisation's base has them."""
    lines = ["[global]"]
    authorities = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if authorities and Path(authorities).is_file():
        (folder / "etc/ssl/certs").mkdir(parents=True)
        shutil.copy(authorities, folder / "etc/ssl/certs/ca-certificates.crt")
        lines.append("cert = /etc/ssl/certs/ca-certificates.crt")
    index = os.environ.get("PIP_INDEX_URL")
    if index:
        lines.append(f"index-url = {index}")
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc/pip.conf").write_text("\n".join(lines) + "\n")
    return folder
