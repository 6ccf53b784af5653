"""A copy of a root that Terraform may write into: links to what is there, and a folder of its own.

`terraform init` leaves a lock file and a folder behind, and cannot be run twice at a time in one
folder. So each run gets a folder that holds a link for every file of the root. Code reaches out of
its root with `../`: every folder above, up to the top of the repository, is copied in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# What Terraform keeps for itself: a link to it would be written through.
_OWN = (".terraform", ".terraform.lock.hcl", ".terraform.tfstate.lock.info")
_LEVELS_WITHOUT_GIT = 4  # how far above a root that lies in no repository its code may reach


@contextmanager
def of(folder: Path) -> Iterator[Path]:
    """A folder to run Terraform in instead of `folder`; it is gone afterwards."""
    folder = folder.resolve()
    top = _top(folder)
    with TemporaryDirectory(prefix="gleis-infra-") as name:
        here, there = Path(name).resolve() / "repo", top
        here.mkdir()
        for step in folder.relative_to(top).parts:
            _link(there, here, leave_out=(step, Path(name).name))
            here, there = here / step, there / step
            here.mkdir()
        _link(there, here, leave_out=_OWN)
        lock = there / ".terraform.lock.hcl"
        if lock.is_file():
            (here / lock.name).write_bytes(lock.read_bytes())
        yield here


def _top(folder: Path) -> Path:
    above = (folder, *folder.parents)
    repository = next((each for each in above if (each / ".git").exists()), None)
    return repository or above[min(_LEVELS_WITHOUT_GIT, len(above) - 1)]


def _link(source: Path, target: Path, *, leave_out: tuple[str, ...]) -> None:
    for entry in source.iterdir():
        if entry.name not in leave_out:
            (target / entry.name).symlink_to(entry)
