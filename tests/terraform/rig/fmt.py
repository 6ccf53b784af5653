"""What `./dev lint` starts: whether every file of `terraform/` is as `terraform fmt` writes it.

Exit codes: 0 all are, 1 some are not, 3 this machine has no terraform and none can be brought.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from gleis.errors import GleisError

from . import TERRAFORM, bare


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        try:
            terraform = bare(Path(home))
        except GleisError as error:
            print(f"{error}\nOr put Terraform >= 1.11 on PATH.")
            return 3
        done = terraform(TERRAFORM, "fmt", "-check", "-recursive", "-diff")
    if done.returncode == 0:
        return 0
    print(f"{done.stdout}{done.stderr}\nRun: terraform fmt -recursive terraform")
    return 1


if __name__ == "__main__":
    sys.exit(main())
