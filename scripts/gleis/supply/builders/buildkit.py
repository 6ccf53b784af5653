"""BuildKit without dockerd: `buildctl` and the daemon that BUILDKIT_HOST names."""

from __future__ import annotations

from pathlib import Path

from gleis.supply.builders import Recipe
from gleis.tools import catalogue
from gleis.tools.process import clean_env, run

_QUICK = 30.0  # seconds


class BuildKit:
    """Builds with buildctl (0.13 or newer: the first that rewrites times)."""

    name = "buildkit"
    tool = "buildctl"

    def why_not(self) -> str:
        """Missing, or a client without a daemon."""
        if not catalogue.find(self.tool):
            return catalogue.missing(self.tool)
        done = run(
            [catalogue.require(self.tool), "debug", "workers"], timeout=_QUICK, env=clean_env()
        )
        return "" if done.ok else "buildctl is here, but no buildkitd answers: set BUILDKIT_HOST"

    def build(self, recipe: Recipe, target: Path) -> str:
        """Every file gets a time no later than the commit's."""
        done = run(
            [catalogue.require(self.tool), *argv(recipe, target)],
            timeout=recipe.timeout,
            env=clean_env(),
            check=True,
        )
        return done.stdout + done.stderr


def argv(recipe: Recipe, target: Path) -> list[str]:
    """The words of `buildctl build`."""
    options = {
        **{f"build-arg:{name}": value for name, value in recipe.arguments.items()},
        **{f"label:{name}": value for name, value in recipe.labels.items()},
    }
    return [
        *("build", "--frontend", "dockerfile.v0", "--no-cache"),
        *("--local", f"context={recipe.context}", "--local", f"dockerfile={recipe.context}"),
        *(word for item in options.items() for word in ("--opt", "=".join(item))),
        *("--output", f"type=oci,dest={target},rewrite-timestamp=true"),
    ]


BUILDER = BuildKit()
