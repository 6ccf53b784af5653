"""dockerd. It writes the time of the build into files, so its image is rewritten without them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gleis.supply.archive import from_docker
from gleis.supply.builders import Recipe, Service, Start
from gleis.tools import catalogue
from gleis.tools.process import clean_env, run

_QUICK = 60.0  # seconds for commands that move no data


class Docker:
    """Builds and runs with the daemon that `docker` reaches (DOCKER_HOST)."""

    name = "docker"
    tool = "docker"

    def why_not(self) -> str:
        """Missing, or a client without a daemon."""
        if not catalogue.find(self.tool):
            return catalogue.missing(self.tool)
        done = run(
            [catalogue.require(self.tool), "version", "--format", "{{.Server.Version}}"],
            timeout=_QUICK,
            env=clean_env(),
        )
        if done.ok:
            return ""
        return "the client is here, but no daemon answers it: start dockerd, or set DOCKER_HOST"

    def build(self, recipe: Recipe, target: Path) -> str:
        """Build, save, set the times of the new layers back to the commit's."""
        tag = f"gleis-build/{recipe.name}:{os.getpid()}"
        saved = target.with_name(f".{target.name}.docker")
        words = [word for item in recipe.labels.items() for word in ("--label", "=".join(item))]
        for item in recipe.arguments.items():
            words += ["--build-arg", "=".join(item)]
        try:
            said = self._docker(
                "build", "--no-cache", *words, "--tag", tag, str(recipe.context),
                timeout=recipe.timeout,
            )  # fmt: skip
            layers = len(self._layers(recipe.base))
            self._docker("save", "--output", str(saved), tag, timeout=recipe.timeout)
            from_docker(saved, target, recipe.epoch, layers)
        finally:
            saved.unlink(missing_ok=True)
            with suppress(Exception):
                self._docker("image", "rm", "--no-prune", tag)
        return said

    @contextmanager
    def start(self, start: Start) -> Iterator[Service]:
        """A container whose port is published on loopback only."""
        self._docker("pull", "--quiet", start.image, timeout=start.timeout)
        published = [f"--publish=127.0.0.1:{start.port}:{start.port}"] if start.port else []
        command = start.command("0.0.0.0")  # of the container; the host's side is loopback
        said = self._docker(
            *("run", "--detach", *published, *start.volumes),
            *(f"--entrypoint={command[0]}", start.image, *command[1:]),
            timeout=start.timeout,
        )
        container = said.strip().splitlines()[-1]
        try:
            yield _Running(self, container, start)
        finally:
            with suppress(Exception):
                self._docker("rm", "--force", "--volumes", container)

    def _layers(self, image: str) -> list[str]:
        said = self._docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image)
        layers: list[str] = json.loads(said)
        return layers

    def _docker(self, *argv: str, timeout: float = _QUICK) -> str:
        docker = catalogue.require(self.tool)
        return run([docker, *argv], timeout=timeout, env=clean_env(), check=True).stdout


class _Running:
    """A container, seen through the daemon."""

    def __init__(self, docker: Docker, container: str, start: Start) -> None:
        self.url = f"http://127.0.0.1:{start.port}"
        self._docker, self._container = docker, container

    def ended(self) -> bool:
        return self._inspect("{{.State.Running}}") != "true"

    def stop(self, seconds: float) -> int | None:
        self._docker._docker("stop", "--time", str(int(seconds)), self._container)
        code = int(self._inspect("{{.State.ExitCode}}"))
        return None if code == 137 else code  # 128 + SIGKILL: it had to be killed

    def words(self) -> str:
        done = run(
            [catalogue.require("docker"), "logs", "--tail", "40", self._container],
            timeout=_QUICK,
            env=clean_env(),
        )
        return done.stdout + done.stderr

    def _inspect(self, template: str) -> str:
        return self._docker._docker("inspect", "--format", template, self._container).strip()


BUILDER = Docker()
