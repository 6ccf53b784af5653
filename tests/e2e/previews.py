"""A platform's checkout that is previewed: the state inside it, or in a repository of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.argocd import rig

from .conftest import git


@dataclass(frozen=True)
class Checkout:
    """A clone of the platform whose platform.yaml is `text`; everything rendered and committed."""

    path: Path

    @classmethod
    def of(cls, clone: Path, path: Path, text: str) -> Checkout:
        git(clone, "clone", "--quiet", str(clone), str(path))
        (path / "platform.yaml").write_text(text)
        made = cls(path)
        made.rendered()
        git(path, "commit", "--quiet", "--allow-empty", "--message", "This organisation's own")
        return made

    def gleis(self, *argv: str) -> subprocess.CompletedProcess[str]:
        env = {
            **os.environ,
            "GLEIS_PLATFORM": str(self.path / "platform.yaml"),
            "GLEIS_HELM": str(rig.helm(4)),
            "GLEIS_CRD_SCHEMAS": str(rig.crds() or ""),
        }
        return subprocess.run(
            [sys.executable, "-P", "-m", "gleis", *argv],
            cwd=self.path, env=env, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def rendered(self) -> None:
        done = self.gleis("render", str(self.path))
        assert done.returncode == 0, done.stdout + done.stderr
        git(self.path, "add", "--all")

    def preview(self, *argv: str) -> dict[str, Any]:
        """What a preview says, which must find nothing wrong and nothing that it cannot judge."""
        done = self.gleis("gitops", "preview", "--strict", "--json", *argv)
        assert done.returncode == 0, done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        assert not said["findings"], said["findings"]
        return said

    def quota(self, team: str, old: str, new: str) -> list[dict[str, Any]]:
        """What a preview shows once the quota of `team` is another, before that is committed."""
        file = self.path / "platform.yaml"
        head, mark, tail = file.read_text().partition(f"  - name: {team}\n")
        assert mark, f"platform.yaml knows no team {team}"
        assert old in tail
        file.write_text(head + mark + tail.replace(old, new, 1))
        self.rendered()
        changes: list[dict[str, Any]] = self.preview("--changed-since", "HEAD")["changes"]
        return changes


def both_ways(clone: Path, folder: Path, text: str, state: Path) -> tuple[Checkout, Checkout]:
    """The organisation of `text` with `state` as a repository of its own, and with it inside."""
    here = "  repo: .\n"
    assert here in text
    away = text.replace(here, f"  repo: {state.as_uri()}\n  mode: push\n")
    apart = Checkout.of(clone, folder / "apart", away)
    inside = Checkout.of(clone, folder / "inside", text)
    git(folder, "clone", "--quiet", "--branch=main", str(state), "state")
    shutil.copytree(
        folder / "state" / "argocd" / "tenants", inside.path / "argocd" / "tenants",
        dirs_exist_ok=True,
    )  # fmt: skip
    git(inside.path, "add", "--all")
    git(inside.path, "commit", "--quiet", "--message", "Take the tenants in")
    return apart, inside
