"""Groovy as tokens and blocks: as much of the language as a declarative pipeline is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gleis.errors import GleisError

_TOKEN = re.compile(
    r"""
      (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<text>'''(?:\\.|.)*?'''|'(?:\\.|[^'\\\n])*')
    | (?P<gstring>\"\"\"(?:\\.|.)*?\"\"\"|"(?:\\.|[^"\\\n])*")
    | (?P<word>[A-Za-z_$][\w$]*)
    | (?P<number>\d+)
    | (?P<end>[\n;])
    | (?P<space>[ \t\r]+)
    | (?P<sign>&&|\|\||==~|[=!]=|\?:|\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class NotReadable(GleisError):
    """The text is no declarative pipeline."""


@dataclass(frozen=True)
class Token:
    """A word, sign or text of the program; `value` of a text is what is between its quotes."""

    kind: str
    value: str
    line: int


@dataclass
class Block:
    """A statement, or with `body` a block: `head { body }`."""

    head: list[Token]
    body: list[Block] | None = None

    @property
    def name(self) -> str:
        return self.head[0].value if self.head and self.head[0].kind == "word" else ""

    @property
    def words(self) -> list[str]:
        return [token.value for token in self.head]

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def inside(self) -> list[Block]:
        return [each for each in self.body or [] if not each.comment]

    @property
    def comment(self) -> str:
        return self.head[0].value if self.head and self.head[0].kind == "comment" else ""

    def all(self, name: str) -> list[Block]:
        """The blocks and statements called `name` directly inside."""
        return [each for each in self.inside if each.name == name]


def parse(text: str, where: str) -> list[Block]:
    """The statements and blocks of `text`. Raises NotReadable, naming `where` and the line."""
    return _blocks(_tokens(text), where)


def _tokens(text: str) -> list[Token]:
    tokens, line = [], 1
    for match in _TOKEN.finditer(text):
        kind, value = str(match.lastgroup), match.group()
        if kind in ("text", "gstring"):
            quotes = 3 if value[:3] in ("'''", '"""') and len(value) >= 6 else 1
            value = value[quotes:-quotes]
        if kind != "space":
            tokens.append(Token(kind, value, line))
        line += match.group().count("\n")
    return tokens


def _blocks(tokens: Sequence[Token], where: str) -> list[Block]:
    stack: list[list[Block]] = [[]]
    head: list[Token] = []
    depth = 0  # of parentheses and brackets: a line's end inside of them ends nothing

    def close() -> None:
        if head:
            stack[-1].append(Block(list(head)))
            head.clear()

    for token in tokens:
        if token.kind == "comment":
            if not head:
                stack[-1].append(Block([token]))
        elif token.kind == "end":
            if depth == 0:
                close()
        elif token.kind == "sign" and token.value == "{" and depth == 0:
            block = Block(list(head), [])
            head.clear()
            stack[-1].append(block)
            stack.append(block.body or [])
            block.body = stack[-1]
        elif token.kind == "sign" and token.value == "}" and depth == 0:
            close()
            stack.pop()
            if not stack:
                raise NotReadable(f"{where}:{token.line}: a }} too many")
        else:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.value, 0) * (token.kind == "sign")
            head.append(token)
    close()
    if len(stack) != 1 or depth:
        raise NotReadable(f"{where}: a block or a parenthesis is not closed")
    return stack[0]


def walk(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every statement and block, those inside of others too."""
    for block in blocks:
        yield block
        yield from walk(block.body or [])
