"""Objects as the text of a rendered file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HEAD = "# Rendered from platform.yaml by `gleis render`: edit that.\n"


def text(documents: Sequence[Any], head: str = HEAD) -> str:
    """`documents` as YAML: keys as they came, several lines as such, nothing by reference."""
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

        def increase_indent(self, flow: bool = False, *_: bool, **__: bool) -> None:
            super().increase_indent(flow, False)

    def scalar(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Plain.add_representer(str, scalar)
    dumped = [yaml.dump(each, Dumper=Plain, sort_keys=False, width=100) for each in documents]
    return head + "---\n".join(dumped)
