"""The README of each module and stack of `terraform/`, and the page of what differs by cloud.

All of it is said in the code already: comments, descriptions, messages of validations, names of
test runs. It is written for those who read before they call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gleis.infra import blocks, interface, parity
from gleis.infra.interface import Interface, Variable
from gleis.tools import markdown

PAGE = "docs/terraform-differences.md"
_LONG_TYPE = 60  # characters; a longer type is shown below the table, as it stands in the file
_CLOUDS = ("aws", "azure", "gcp")


def render(root: Path) -> dict[str, str]:
    """Every file that is derived from `terraform/` of the checkout `root`: name => text.

    Nothing where there is no such folder. Raises NotReadable, ContractError, ToolMissing.
    """
    terraform = root / "terraform"
    if not terraform.is_dir():
        return {}
    modules = interface.read_all(terraform)
    files = {f"terraform/{each.name}/README.md": readme(terraform, each) for each in modules}
    if modules:
        files[PAGE] = page(modules, parity.allowed(root))
    return files


def readme(terraform: Path, module: Interface) -> str:
    """The README of one module or stack."""
    folder = terraform / module.name
    main = (folder / "main.tf").read_text(encoding="utf-8")
    sections = [
        f"<!-- Written by gleis render from the code in terraform/{module.name}: change that, "
        "then render again. -->",
        f"# {module.name}",
        blocks.leading_comment(main),
        *_usage(folder, module.name),
        *_variables(module.variables),
        *_section(
            "Outputs",
            ("name", "description"),
            ((markdown.code(it.name), markdown.prose(it.description)) for it in module.outputs),
        ),
        *_made(folder),
        *_versions(module),
        *_tested(folder),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def page(modules: Sequence[Interface], entries: Sequence[parity.Allowed]) -> str:
    """The page of the differences between clouds that must be."""
    found = {each.key: each for each in parity.compare(modules)}
    names = parity.clouds(modules)
    sections = [
        "<!-- Written by gleis render from terraform/ and terraform/differences.yaml: "
        "change those, then render again. -->",
        "# Terraform: what differs by cloud",
        "A module asks for the same variables and gives back the same outputs in every cloud that "
        "has it, and a test refuses anything else. What a cloud makes impossible stands here, with "
        "its reason.",
        "## What is in which cloud",
        markdown.table(
            ("module or stack", *_CLOUDS),
            (
                (markdown.code(name), *("yes" if cloud in there else "–" for cloud in _CLOUDS))
                for name, there in names.items()
            ),
        ),
        "## What differs, and why",
    ]
    shown = [entry for entry in entries if entry.key in found]
    for name in dict.fromkeys(entry.module for entry in sorted(shown, key=lambda it: it.key)):
        rows = (
            (entry.cloud, markdown.prose(found[entry.key].message), markdown.prose(entry.reason))
            for entry in shown
            if entry.module == name
        )
        sections += [f"### {name}", markdown.table(("cloud", "difference", "reason"), rows)]
    if not shown:
        sections.append("Nothing so far.")
    return "\n\n".join(sections) + "\n"


def _usage(folder: Path, name: str) -> Iterator[str]:
    example = folder / "examples" / "default" / "main.tf"
    if example.is_file():
        text = example.read_text(encoding="utf-8")
        yield "## Usage"
        yield blocks.leading_comment(text)
        calls = [block.text for block in blocks.split(text) if block.kind == "module"]
        yield _hcl("\n\n".join(calls))
        yield "The whole of it: [examples/default](examples/default/main.tf)."
    elif name.startswith("stacks/"):
        yield "## Usage"
        yield "In which order stacks are applied, and how: [stacks](../../README.md)."


def _variables(variables: Sequence[Variable]) -> Iterator[str]:
    long = [it for it in variables if len(it.type) > _LONG_TYPE]
    yield from _section(
        "Variables",
        ("name", "type", "default", "description", "refused"),
        (
            (
                markdown.code(it.name),
                f"[{it.type.partition('(')[0]}](#{it.name})"
                if it in long
                else markdown.code(it.type),
                "**required**" if it.default is None else markdown.code(it.default),
                markdown.prose(it.description) + (" Sensitive." if it.sensitive else ""),
                "<br>".join(markdown.prose(each) for each in it.refused) or "–",
            )
            for it in sorted(variables, key=lambda it: not it.required)
        ),
    )
    for it in long:
        yield f"### {it.name}"
        yield _hcl(it.written_type)


def _made(folder: Path) -> Iterator[str]:
    found = [
        block
        for path in sorted(folder.glob("*.tf"))
        for block in blocks.split(path.read_text(encoding="utf-8"))
    ]
    resources = sorted(".".join(block.labels) for block in found if block.kind == "resource")
    calls = [
        (block.labels[0], (block.written("source") or "").strip('"'))
        for block in found
        if block.kind == "module"
    ]
    if resources or calls:
        yield "## What it makes"
    if resources:
        yield "\n".join(f"- {markdown.code(each)}" for each in resources)
    if calls:
        yield "And by the modules that it calls:" if resources else "By the modules that it calls:"
        yield "\n".join(f"- {markdown.code(name)}: [{at}]({at})" for name, at in sorted(calls))


def _versions(module: Interface) -> Iterator[str]:
    rows = [("Terraform", "–", markdown.code(module.required_version))]
    rows += [
        (name, markdown.code(source), markdown.code(version))
        for name, (source, version) in sorted(module.providers.items())
    ]
    yield from _section("Versions", ("what", "source", "version"), rows)


def _tested(folder: Path) -> Iterator[str]:
    runs = [
        block.labels[0]
        for path in sorted(folder.glob("tests/*.tftest.hcl"))
        for block in blocks.split(path.read_text(encoding="utf-8"))
        if block.kind == "run"
    ]
    if runs:
        yield "## What is tested"
        yield "\n".join(f"- {_sentence(name)}" for name in runs)


def _sentence(run: str) -> str:
    words = run.replace("_", " ")
    return f"{words[0].upper()}{words[1:]}."


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield f"## {title}"
        yield markdown.table(head, rows)


def _hcl(text: str) -> str:
    return f"```hcl\n{text}\n```"
