"""What held once and did not change since, so that nobody has to wait for it again.

Only what held is kept. GLEIS_TF_NO_CACHE=1 forgets it; a machine that starts anew has none.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from gleis.tools import environments

from .program import Terraform
from .tree import Module

HERE = Path(__file__).parent


class Green:
    """The result of one module with one terraform and one provider."""

    def __init__(self, module: Module, terraform: Terraform) -> None:
        kind = terraform.provider(module.provider) if module.provider else ""
        key = [module.digest(), terraform.version, kind]
        key += [path.read_text() for path in sorted(HERE.glob("*.py"))]
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
        self.file = environments.cache_dir() / "tests" / "terraform-green" / name

    def read(self) -> str | None:
        """What was kept, or None."""
        if os.environ.get("GLEIS_TF_NO_CACHE") or not self.file.is_file():
            return None
        return self.file.read_text()

    def keep(self, said: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(said)
