"""Wheels that come from a folder or a page of links and never from a package index, such as torch.

PyPI's torch for Linux is the CUDA build, with gigabytes of packages beside it; the CPU build has to
be handed over. Where it lies is the machine's own setting, the same that pip has for this.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import urllib.parse
from collections.abc import Iterable
from pathlib import Path

from gleis.tools.errors import ToolError, ToolMissing

VARIABLE = "GLEIS_FIND_LINKS"
HOW_TO_GET_TORCH = (
    f"put the CPU wheel of PyTorch's index https://download.pytorch.org/whl/cpu into a folder and "
    f"name that: {VARIABLE}=FOLDER (or pip config set global.find-links FOLDER)"
)
_PIP_TIMEOUT = 30.0  # seconds
_TORCH = re.compile(r"torch-[0-9][^-]*-cp(\d+)-cp\1t?-(.+)\.whl")


def find_links(otherwise: Iterable[str] = ()) -> tuple[str, ...]:
    """Folders and pages to look in: $GLEIS_FIND_LINKS, else pip's `find-links`, else `otherwise`.

    Several are separated by white space, as pip has it.
    """
    told = os.environ.get(VARIABLE) or os.environ.get("PIP_FIND_LINKS") or _of_pip()
    return tuple(map(_absolute, told.split() or otherwise))


def shown(links: Iterable[str]) -> str:
    """The places in words; a password in an address is left out."""
    return " and ".join(re.sub(r"//[^/@\s]*@", "//", link) for link in links) or "nowhere"


def cpu_torch() -> Path | None:
    """A wheel of torch in a folder of this machine, for the Python that runs us; None without."""
    for link in find_links():
        folder = _folder(link)
        if folder is None or not folder.is_dir():
            continue
        for wheel in sorted(folder.glob("torch-*.whl"), reverse=True):
            if _fits(wheel.name):
                return wheel
    return None


def _absolute(link: str) -> str:
    """A folder is meant from where we were started; uv is started elsewhere."""
    return link if ":" in link else str(Path(link).expanduser().absolute())


def _folder(link: str) -> Path | None:
    if link.startswith("file:"):
        return Path(urllib.parse.unquote(urllib.parse.urlsplit(link).path))
    return None if "://" in link else Path(link)


def _fits(name: str) -> bool:
    found = _TORCH.fullmatch(name)
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    return bool(
        found and found[1] == version and found[2].endswith(f"_{platform.machine().lower()}")
    )


def _of_pip() -> str:
    """What pip on this machine is told; empty where there is no pip or it is told nothing."""
    from gleis.tools.process import clean_env, run

    try:
        done = run(
            ["pip", "config", "get", "global.find-links"], timeout=_PIP_TIMEOUT, env=clean_env()
        )
    except (ToolError, ToolMissing):
        return ""
    return done.stdout if done.ok else ""
