"""Dockerfiles."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from gleis.check.inputs import Collected, collect, provides
from gleis.check.tree import Reader, Text

_NAME = re.compile(r"(.+\.)?(dockerfile|containerfile)(\..+)?", re.IGNORECASE)


@provides()
def dockerfiles(reader: Reader) -> Collected[Text]:
    """Every Dockerfile and Containerfile of the repo."""
    return collect(reader, reader.files(_is_dockerfile), Reader.text)


def _is_dockerfile(path: str) -> bool:
    name = PurePosixPath(path).name
    return bool(_NAME.fullmatch(name)) and not name.lower().endswith((".dockerignore", ".md"))
