"""The model card: the human sections, written in Markdown, made into safe HTML."""

from __future__ import annotations

import re
from typing import Any

_FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
DEEPEST = 6  # HTML knows headings to h6


def render(markdown: str) -> str:
    """`markdown` as HTML: raw HTML shown as text, images as links, headings two levels deeper."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.enable("table").disable("image")
    text = _COMMENT.sub("", _FRONT_MATTER.sub("", markdown.replace("\r\n", "\n")))
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(DEEPEST, int(token.tag[1:]) + 2)}"
        if token.type == "table_open":
            token.attrSet("class", "prose-table")
        if token.type == "th_open":
            token.attrSet("scope", "col")
        for child in token.children or ():
            _mark_link(child)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _mark_link(token: Any) -> None:
    if token.type == "link_open":
        token.attrSet("rel", "noopener noreferrer nofollow")
