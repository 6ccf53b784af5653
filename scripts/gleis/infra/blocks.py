"""The blocks of a Terraform file as text: what comes before a parser, and often instead of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEAD = re.compile(r'^(\w+)((?: "[^"]*")*) \{')
_LABEL = re.compile(r'"([^"]*)"')
_HEREDOC = re.compile(r"<<-?(\w+)\s*$")


@dataclass(frozen=True)
class Block:
    """One block of the outermost level: `resource "aws_kms_key" "this" { … }`."""

    kind: str
    labels: tuple[str, ...]
    line: int  # the first one, from 1
    text: str

    def written(self, attribute: str) -> str | None:
        """The expression of `attribute` as it stands there, comments and all; None without one."""
        found = re.search(
            rf"^  {attribute} *= (.*?)(?=^  \w|^$|^}}|\Z)", self.text, re.M | re.S
        )  # fmt: skip
        return re.sub(r"^  ", "", found[1].rstrip(), flags=re.M) if found else None


def split(text: str) -> Iterator[Block]:
    """The outermost blocks of `text`, which is formatted as `terraform fmt` does (`./dev lint`).

    A formatted block begins and ends at the left margin, so no grammar is needed: reading all of
    `terraform/` takes milliseconds where a parser takes seconds.
    """
    lines = text.splitlines()
    begun: tuple[int, re.Match[str]] | None = None
    heredoc = ""
    for number, line in enumerate(lines):
        if heredoc:
            if line.strip() == heredoc:
                heredoc = ""
            continue
        head = None if begun else _HEAD.match(line)
        if head:
            begun = number, head
        if begun and (line == "}" or (head and line.endswith("}"))):
            first, match = begun
            yield Block(
                match[1],
                tuple(_LABEL.findall(match[2])),
                first + 1,
                "\n".join(lines[first : number + 1]),
            )
            begun = None
        opened = _HEREDOC.search(line)
        heredoc = opened[1] if opened else ""


def leading_comment(text: str) -> str:
    """The comment that a file begins with, as one paragraph; empty without one."""
    found = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        found.append(line.lstrip("#").strip())
    return " ".join(found).strip()
