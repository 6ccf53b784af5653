"""dockerd writes the time of a build into its images; two builds are one image all the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleis.supply import archive
from gleis.supply.builders import Recipe, docker
from gleis.supply.registry import Registry
from gleis.tools import catalogue, process

from .conftest import image_of

EPOCH = 1_700_000_000


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A dockerd of our own that touches neither bridges nor packet filters."""
    # containerd's sockets lie deep below it, and the name of a socket has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="gleis-dockerd-"))
    address = f"unix://{folder}/d.sock"
    argv = [
        catalogue.require("dockerd"), "--data-root", folder / "data",
        "--exec-root", folder / "exec", "--pidfile", folder / "pid", "--host", address,
        "--bridge=none", "--iptables=false",
        "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
    monkeypatch.setenv("DOCKER_HOST", address)
    try:
        deadline = time.monotonic() + 60
        while docker.BUILDER.why_not() and time.monotonic() < deadline:
            assert server.poll() is None, (folder / "log").read_text()[-2000:]
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)
        # One that did not come up, or was killed, leaves its mounts.
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted(mounts, reverse=True):
            if mount.startswith(f"{folder}/"):
                process.run(["umount", "--lazy", mount], timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.real
@pytest.mark.needs("dockerd")
@pytest.mark.needs("docker")
@pytest.mark.needs("docker-registry")
def test_dockerd_builds_one_image_of_one_commit(
    loopback_registry: str, tmp_path: Path, daemon: str
) -> None:
    made = image_of(tmp_path / "base.tar", {"etc/base": b"base"})
    Registry(loopback_registry, "library/base").push(made, ["1"])
    base = f"{loopback_registry}/library/base:1@{made.digest}"

    images = []
    for name in ("one", "two"):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "Dockerfile").write_text(f"FROM {base}\nCOPY app /app\nUSER 10001\n")
        (tree / "app").write_text("the same")
        recipe = Recipe(tree, "small", base, EPOCH, {"team": "vision"})
        docker.BUILDER.build(recipe, tmp_path / f"{name}.tar")
        images.append(archive.read(tmp_path / f"{name}.tar"))
        time.sleep(1.1)  # a build that keeps its time would differ by a second now

    assert images[0].digest == images[1].digest
    assert images[0].labels["team"] == "vision"
    assert dict(images[0].files(lambda _: True)) == {"app": b"the same", "etc/base": b"base"}
