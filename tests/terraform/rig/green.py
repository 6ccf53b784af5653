"""What held once and did not change since, so that nobody has to wait for it again.

GLEIS_TF_NO_CACHE=1 forgets it; a machine that starts anew has none.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from gleis.tools import environments
from gleis.tools.files import write_atomic

from .program import Terraform
from .tree import Module

HERE = Path(__file__).parent


class Kept:
    """A text that follows from `parts` and from the code of the rig, and from nothing else."""

    def __init__(self, kind: str, *parts: str) -> None:
        key = [*parts, *(path.read_text() for path in sorted(HERE.glob("*.py")))]
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
        self.file = environments.cache_dir() / "tests" / kind / name

    def read(self) -> str | None:
        """What was kept, or None."""
        if os.environ.get("GLEIS_TF_NO_CACHE") or not self.file.is_file():
            return None
        return self.file.read_text()

    def keep(self, said: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.file, said)


class Green(Kept):
    """The result of one module with one terraform and one provider; only what held is kept."""

    def __init__(self, module: Module, terraform: Terraform) -> None:
        provider = terraform.provider(module.provider) if module.provider else ""
        super().__init__("terraform-green", module.digest(), terraform.version, provider)
