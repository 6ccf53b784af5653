"""buildah: no daemon, and with the isolation `chroot` no rights beyond those of a CI container."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gleis.supply.builders import Recipe, Service, Start
from gleis.supply.registry import is_loopback, split
from gleis.tools import catalogue
from gleis.tools.process import clean_env, run

_QUICK = 60.0  # seconds for commands that move no data
_GRACE = 5.0


class Buildah:
    """Builds and runs with `buildah --isolation chroot`."""

    name = "buildah"
    tool = "buildah"

    def why_not(self) -> str:
        """Missing, or nothing."""
        return "" if catalogue.find(self.tool) else catalogue.missing(self.tool)

    def build(self, recipe: Recipe, target: Path) -> str:
        """Every file and the image itself get the commit's time."""
        tag = f"localhost/{recipe.name}:gleis-{os.getpid()}"
        argv = [*_bud(recipe), "--tag", tag, str(recipe.context)]
        try:
            done = run(
                [catalogue.require(self.tool), *argv],
                timeout=recipe.timeout,
                env=_env(),
                check=True,
            )
            target.unlink(missing_ok=True)
            self._buildah("push", "--quiet", tag, f"oci-archive:{target}", timeout=recipe.timeout)
        finally:
            with suppress(Exception):
                self._buildah("rmi", tag)
        return done.stdout + done.stderr

    @contextmanager
    def start(self, start: Start) -> Iterator[Service]:
        """A container of the host's network, so the service itself must bind to loopback."""
        from_registry = f"docker://{start.image}"
        container = self._buildah("from", *_tls(start.image), from_registry, timeout=start.timeout)
        service = None
        try:
            service = _Running(container, start)
            yield service
        finally:
            if service is not None:
                service.end()
            with suppress(Exception):
                self._buildah("rm", container)

    def _buildah(self, *argv: str, timeout: float = _QUICK) -> str:
        done = run([catalogue.require(self.tool), *argv], timeout=timeout, env=_env(), check=True)
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


class _Running:
    """`buildah run` in a process group of its own."""

    def __init__(self, container: str, start: Start) -> None:
        self.url = f"http://127.0.0.1:{start.port}"
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the service
        self._process = subprocess.Popen(
            [
                str(catalogue.require("buildah")),
                *("run", "--isolation", "chroot", *start.volumes, container, "--"),
                *start.command("127.0.0.1"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env=_env(),
            start_new_session=True,
        )

    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self, seconds: float) -> int | None:
        """buildah passes no signal on: send it to what runs below it."""
        for pid in _leaves(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def words(self) -> str:
        self._output.seek(0)
        return self._output.read()[-4000:].decode("utf-8", "replace")

    def end(self) -> None:
        """End whatever is left of it."""
        if not self.ended():
            self.stop(_GRACE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()


def _bud(recipe: Recipe) -> list[str]:
    labels = [word for item in recipe.labels.items() for word in ("--label", "=".join(item))]
    arguments = [
        word for item in recipe.arguments.items() for word in ("--build-arg", "=".join(item))
    ]
    return [
        *("bud", "--isolation", "chroot", "--format", "oci", "--no-cache"),
        *("--timestamp", str(recipe.epoch)),
        *_tls(recipe.base),
        *labels,
        *arguments,
    ]


def _tls(reference: str) -> list[str]:
    """Plain HTTP is for a registry on this machine only."""
    return ["--tls-verify=false"] if is_loopback(split(reference).host) else []


def _env() -> dict[str, str]:
    return clean_env(BUILDAH_ISOLATION="chroot")


def _leaves(root: int) -> list[int]:
    """The processes below `root` that have no children, `root` itself if it has none."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            pid = int(entry.name)
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(pid)
    waiting, leaves = [root], []
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        if pid not in children:
            leaves.append(pid)
    return leaves


BUILDER = Buildah()
