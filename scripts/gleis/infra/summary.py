"""A plan for people: as Markdown for a pull request or a CI page, as text for a terminal."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from gleis.findings.formats import text as findings_text
from gleis.infra import estimate as amounts
from gleis.infra import tags
from gleis.infra.difference import SENSITIVE, UNKNOWN, Attribute
from gleis.infra.estimate import Estimate, Item
from gleis.infra.plan import Change, Kind, Plan, destroys_state
from gleis.infra.stateful import STATEFUL

# What needs the most attention comes first.
_ORDER: tuple[tuple[Kind, str, str], ...] = (
    ("delete", "destroyed", "-"),
    ("replace", "replaced", "-/+"),
    ("update", "changed", "~"),
    ("create", "created", "+"),
    ("forget", "forgotten (they stay, and Terraform no longer knows them)", "."),
)
_OPEN = 10  # resources of a group that are shown without a click
_MOST_RESOURCES = 200  # of a group; a CI page has an end
_MOST_ATTRIBUTES = 12  # of a resource
_LONGEST_VALUE = 80  # characters


def headline(plan: Plan) -> str:
    """`2 to create, 1 to replace`, or that nothing changes."""
    verbs = {"update": "change", "delete": "destroy"}
    counts = plan.counts
    parts = [f"{counts[kind]} to {verbs.get(kind, kind)}" for kind, *_ in _ORDER if kind in counts]
    if plan.outputs:
        parts.append(f"{len(plan.outputs)} output(s) to change")
    return ", ".join(parts) or "nothing changes"


def markdown(plan: Plan, estimate: Estimate | None = None, *, title: str = "Terraform plan") -> str:
    """What would happen, what is lost by it, what it costs, and which tags are missing."""
    lines = [f"### {plain(title)}: {headline(plan)}", ""]
    lines += [f"> **{plain(each)}**\n" for each in _warnings(plan)]
    lost = destroys_state(plan)
    if lost:
        lines += [f"**{_counted(lost)} that cannot be made again would be lost:**", ""]
        lines += [f"- {code(each.address)}: {STATEFUL[each.type]}" for each in lost]
        lines.append("")
    for kind, word, _ in _ORDER:
        lines += _group(word, plan.of(kind))
    if plan.outputs:
        lines += ["Outputs that change: " + ", ".join(map(code, plan.outputs)), ""]
    if estimate is not None:
        lines += _cost(estimate)
    lacking = tags.missing(plan)
    if lacking:
        entries = [
            f"- {code(address)}: {', '.join(map(code, names))}"
            for address, names in lacking.items()
        ]
        lines += _folded(f"Mandatory cost tags are missing ({len(lacking)})", entries)
    return "\n".join(lines).rstrip("\n") + "\n"


def text(plan: Plan, estimate: Estimate | None = None, *, title: str = "Terraform plan") -> str:
    """The same for a terminal."""
    lines = [f"{title}: {headline(plan)}"]
    lines += [f"  ! {each}" for each in _warnings(plan)]
    for kind, _, mark in _ORDER:
        for change in plan.of(kind):
            loses = change.destroys and change.stateful
            lost = f"   LOSES {STATEFUL[change.type]}" if loses else ""
            lines.append(f"  {mark:>3} {change.address}{lost}")
            shown = map(attribute, change.attributes[:_MOST_ATTRIBUTES])
            lines += [f"        {each}" for each in (*shown, *_remarks(change))]
    lines += [f"    ~ output.{name}" for name in plan.outputs]
    if estimate is not None:
        lines += ["", *_cost_lines(estimate)]
    lacking = tags.missing(plan)
    if lacking:
        lines += ["", "mandatory cost tags are missing:"]
        lines += [f"  {address}: {', '.join(names)}" for address, names in lacking.items()]
    return printable(lines)


def cost_markdown(estimate: Estimate) -> str:
    """What a cost report says on a CI page, with every resource and what was assumed of it."""
    lines = ["### Cost of what is planned", "", *_cost(estimate)]
    entries = [
        f"- {code(each.address)}: {amounts.spelt(each.after)} {plain(_notes(each))}".rstrip()
        for each in _dearest(estimate)
    ]
    lines += _folded(f"{len(entries)} resource(s) with a price", entries) if entries else []
    return "\n".join(lines).rstrip("\n") + "\n"


def cost_text(estimate: Estimate) -> str:
    """The same for a terminal."""
    items = [
        f"  {each.address}: {amounts.spelt(each.after)}{_notes(each)}"
        for each in _dearest(estimate)
    ]
    return printable([*_cost_lines(estimate), *items])


def printable(lines: list[str]) -> str:
    """`lines` without anything that could steer a terminal: names of clouds come from strangers."""
    return "\n".join(map(findings_text.printable, lines)) + "\n"


def _cost_lines(estimate: Estimate) -> list[str]:
    lines = [
        f"cost per month: {amounts.spelt(estimate.after)} "
        f"(now {amounts.spelt(estimate.before)}, {amounts.spelt(estimate.delta, signed=True)})"
    ]
    for scope in amounts.SCOPES:
        owners = estimate.by(scope)
        width = max(map(len, owners), default=0)
        lines += [
            f"  {scope:<11} {name:<{width}}  {amounts.spelt(span)}" for name, span in owners.items()
        ]
    for budget in estimate.budgets:
        lines.append(
            f"  budget of {budget.scope} {budget.name}: {amounts.money(budget.limit)}, "
            f"{budget.verdict} ({amounts.spelt(budget.planned)})"
        )
    if estimate.unpriced:
        parts = (f"{count} × {name}" for name, count in estimate.unpriced.items())
        lines.append(f"  not priced, in no sum: {', '.join(parts)}")
    lines += [f"  prices: {each}" for each in estimate.prices]
    return lines


def _cost(estimate: Estimate) -> list[str]:
    lines = [
        f"**Cost per month:** {amounts.spelt(estimate.delta, signed=True)} "
        f"(now {amounts.spelt(estimate.before)}, then {amounts.spelt(estimate.after)})",
        "",
    ]
    if estimate.items:
        lines += ["| | | per month |", "|---|---|---:|"]
        lines += [
            f"| {scope} | {plain(name)} | {amounts.spelt(span)} |"
            for scope in amounts.SCOPES
            for name, span in estimate.by(scope).items()
        ]
        lines.append("")
    for budget in estimate.budgets:
        lines.append(
            f"- budget of {budget.scope} {plain(budget.name)}: {amounts.money(budget.limit)}, "
            f"**{budget.verdict}**"
        )
    if estimate.budgets:
        lines.append("")
    if estimate.unpriced:
        parts = (f"{count} × {code(name)}" for name, count in estimate.unpriced.items())
        lines += [f"Not priced, and in no sum: {', '.join(parts)}.", ""]
    if estimate.prices:
        lines += [f"Prices: {'; '.join(estimate.prices)}.", ""]
    return lines


def _dearest(estimate: Estimate) -> list[Item]:
    return sorted(estimate.items, key=lambda each: (-each.after.high, each.address))


def _notes(item: Item) -> str:
    return f" ({'; '.join(item.notes)})" if item.notes else ""


def _warnings(plan: Plan) -> list[str]:
    found = []
    if plan.errored:
        found.append("Terraform stopped with an error while planning: this is a part of the plan.")
    elif not plan.complete:
        found.append("The plan is not complete: another plan follows the apply of this one.")
    return found


def _group(word: str, changes: tuple[Change, ...]) -> list[str]:
    if not changes:
        return []
    title = f"{len(changes)} {word}"
    kinds = Counter(each.type for each in changes)
    if len(changes) > _OPEN:
        title += ": " + ", ".join(f"{count} × {name}" for name, count in kinds.most_common(5))
        title += ", …" if len(kinds) > 5 else ""
    entries: list[str] = []
    for change in changes[:_MOST_RESOURCES]:
        entries.append(f"- {code(change.address)}")
        entries += [f"  - {marked(each)}" for each in change.attributes[:_MOST_ATTRIBUTES]]
        entries += [f"  - {plain(each)}" for each in _remarks(change)]
    if len(changes) > _MOST_RESOURCES:
        entries.append(f"- … and {len(changes) - _MOST_RESOURCES} more")
    if len(changes) > _OPEN:
        return _folded(title, entries)
    return [f"**{title}**", "", *entries, ""]


def _remarks(change: Change) -> list[str]:
    found = []
    more = len(change.attributes) - _MOST_ATTRIBUTES
    if more > 0:
        found.append(f"… and {more} more attribute(s)")
    if change.previous_address:
        found.append(f"moved from {change.previous_address}")
    if change.imported:
        found.append("imported")
    if change.reason == "replace_because_tainted":
        found.append("replaced because its last creation did not finish (tainted)")
    return found


def _folded(title: str, entries: list[str]) -> list[str]:
    # GitHub reads Markdown inside only after an empty line.
    return ["<details>", f"<summary>{plain(title)}</summary>", "", *entries, "", "</details>", ""]


def _counted(changes: list[Change]) -> str:
    return f"{len(changes)} resource" + ("s" if len(changes) > 1 else "")


def attribute(each: Attribute) -> str:
    """An attribute and how it changes, as one line of text."""
    forces = "   (forces the replacement)" if each.replaces else ""
    return f"{each.name}: {_json(each.before)} → {_json(each.after)}{forces}"


def marked(each: Attribute) -> str:
    """The same as Markdown."""
    forces = " (forces the replacement)" if each.replaces else ""
    return f"{code(each.name)}: {code(_json(each.before))} → {code(_json(each.after))}{forces}"


def _json(value: Any) -> str:
    """A value as one short line of JSON."""
    if value in (SENSITIVE, UNKNOWN):
        return str(value)
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"


def code(text: str) -> str:
    """`text` as code that nothing in it can end."""
    line = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{line}{space}{fence}"


def plain(text: str) -> str:
    """`text` as text: no markup, no mention of a person."""
    line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]|#@!~<>&])", r"\\\1", line)


def verbatim(text: str) -> list[str]:
    """`text` in a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text, fence]
