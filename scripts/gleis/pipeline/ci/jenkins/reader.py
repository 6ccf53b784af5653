"""Reads a declarative pipeline back from its text: tokens, then blocks, then what each job says.

It knows the words of the declarative syntax and nothing of the renderer. What it does not
understand inside of a job it reports as one of that job's stages (`?…`), so that nothing that was
added by hand passes as equal.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from gleis.pipeline.ci import JobView, Views
from gleis.pipeline.ci.jenkins.groovy import Block, NotReadable, Token, parse, walk

_PERMISSION = re.compile(r"// permission: (\S+) (\S+) — \S.*")
_TOOL = re.compile(r"// tool: (\S+) — \S.*")
_COMMAND = shlex.split(
    "uvx --from $GLEIS_SOURCE gleis run --environment $GLEIS_ENVIRONMENT --event $GLEIS_EVENT"
)
_QUOTED_VARIABLES = ('"$GLEIS_SOURCE"', '"$GLEIS_ENVIRONMENT"', '"$GLEIS_EVENT"')
_IDENTITY = ("file", "gleis-oidc", "GLEIS_OIDC_TOKEN_FILE")
_MINUTES = {"MINUTES": 1, "HOURS": 60}


@dataclass
class _Leaf:
    """A stage with steps, the stages around it, and the stashes made before it starts."""

    chain: list[Block]
    earlier: frozenset[str]
    beside: bool
    name: str = ""
    stash: str = ""
    said: dict[str, Any] = field(default_factory=dict)


def views_of(text: str, where: str) -> Views:
    """What each job of the pipeline in `text` says. Raises NotReadable, naming `where`."""
    program = parse(text, where)
    pipelines = [block for block in walk(program) if block.name == "pipeline" and block.body]
    if len(pipelines) != 1 or len(pipelines[0].all("stages")) != 1:
        raise NotReadable(f"{where}: {len(pipelines)} pipelines with stages instead of one")
    every = _environments(program)
    leaves: list[_Leaf] = []
    _collect(pipelines[0].all("stages")[0], [], frozenset(), leaves, False)
    methods = {
        block.words[1]: block
        for block in program
        if block.words[:1] == ["void"] and block.words[2:] == ["(", ")"]
    }
    for leaf in leaves:
        _read(leaf, methods)
    return _merged(leaves, every)


def _environments(program: Sequence[Block]) -> tuple[str, ...]:
    """What `environments` is where the caller names none."""
    for block in walk(program):
        if block.words[:3] == ["List", "environments", "="]:
            return _texts(block.head)
    return ()


def _texts(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.value for token in tokens if token.kind == "text")


# --- which stages there are, and in which order -------------------------------------------------


def _collect(
    stages: Block, around: list[Block], earlier: frozenset[str], leaves: list[_Leaf], beside: bool
) -> frozenset[str]:
    """Add the stages with steps; returns the stashes that there are after all of them."""
    for stage in stages.inside:
        if stage.name != "stage":
            leaves.append(_Leaf([*around, stage], earlier, beside, f"?{stage.text}"))
        elif stage.all("parallel"):
            after = earlier
            for branch in stage.all("parallel")[0].inside:
                one = Block([], [branch])
                after |= _collect(one, [*around, stage], earlier, leaves, True)
            earlier = after
        elif stage.all("stages"):
            inner = stage.all("stages")[0]
            earlier = _collect(inner, [*around, stage], earlier, leaves, beside)
        else:
            leaf = _Leaf([*around, stage], earlier, beside)
            leaf.name = (_texts(stage.head) or ("",))[0]
            leaf.stash = _stash([each for part in stage.all("steps") for each in part.inside])[0]
            leaves.append(leaf)
            if leaf.stash:
                earlier |= {leaf.stash}
    return earlier


# --- what one stage says ------------------------------------------------------------------------

_KNOWN = frozenset(
    {"when", "options", "agent", "environment", "steps", "post", "input", "stages", "parallel"}
)


def _read(leaf: _Leaf, methods: dict[str, Block]) -> None:
    stage, chain = leaf.chain[-1], leaf.chain
    odd = [f"?{each.text}" for part in chain for each in part.inside if each.name not in _KNOWN]
    steps = _steps(stage, methods)
    path, shells = _shells(steps, [])
    said = leaf.said
    environment = _environment(stage, odd)
    said["environment"] = environment
    said["conditions"] = _conditions(chain, odd)
    said["stages"] = _stages(shells, odd)
    said["needs"] = [_texts(each.head)[0] for each in steps if each.name == "unstash"]
    said["runner"] = _runner(stage)
    said["timeout"] = _timeout(path)
    credentials = _credentials(path)
    said["secrets"] = tuple(
        name if kind == "string" and name == variable else f"{kind} {name} as {variable}"
        for kind, name, variable in credentials
        if (kind, name, variable) != _IDENTITY
    )
    said["permissions"] = _permissions(chain, _IDENTITY in credentials)
    said["tools"] = tuple(match[1] for match in _comments(chain, _TOOL))
    said["approval"] = any(_asks(part, odd) for part in chain)
    said["concurrency"] = _concurrency(stage, odd)
    said["artifacts"] = _stash(steps)[1]
    said["lenient"] = any(each.name == "catchError" for each in path)
    for each in steps:
        if each.name not in {"unstash", "stash", "timeout", "catchError", "withCredentials", "sh"}:
            odd.append(f"?{each.text}")
    if any(each.name not in {"timeout", "catchError", "withCredentials"} for each in path):
        odd.append("?block around sh")
    after = [each for part in stage.all("post") for each in walk(part.inside)]
    if [each.text for each in after if not each.comment] != ["always", "publish()"]:
        odd.append("?post")
    said["stages"] = (*said["stages"], *odd)


def _steps(stage: Block, methods: dict[str, Block]) -> list[Block]:
    """The steps of a stage; those of a method where the stage does no more than call it."""
    steps = [each for part in stage.all("steps") for each in part.inside]
    if len(steps) == 1 and steps[0].words[1:] == ["(", ")"] and steps[0].name in methods:
        return methods[steps[0].name].inside
    return steps


def _shells(steps: Sequence[Block], path: list[Block]) -> tuple[list[Block], list[Block]]:
    """The blocks around the last `sh`, and every `sh`; any other step within those is kept too."""
    around: list[Block] = []
    found: list[Block] = []
    for step in steps:
        if step.body is None:
            if step.name == "sh":
                around = path
            if step.name == "sh" or path:
                found.append(step)
        else:
            inner, more = _shells(step.inside, [*path, step])
            around = inner or around
            found += more
    return around, found


def _stages(shells: Sequence[Block], odd: list[str]) -> tuple[str, ...]:
    if len(shells) != 1 or len(shells[0].head) != 2 or shells[0].head[1].kind != "text":
        odd.append("?sh: not one single-quoted command")
        return ()
    command = shells[0].head[1].value
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    rest = words[len(_COMMAND) :]
    if words[: len(_COMMAND)] != _COMMAND or any(each not in command for each in _QUOTED_VARIABLES):
        odd.append(f"?sh: {command}")
    if rest[::2] != ["--stage"] * len(rest[1::2]):
        odd.append(f"?sh: {command}")
    return tuple(rest[1::2])


def _environment(stage: Block, odd: list[str]) -> str:
    """The environment that the stage is for, empty where the whole pipeline's or the last holds."""
    found = ""
    for each in (each for part in stage.all("environment") for each in part.inside):
        if each.words[:2] == ["GLEIS_ENVIRONMENT", "="] and len(each.head) == 3:
            value = each.head[2]
            if value.kind == "text":
                found = value.value
                continue
            if value.value == "${environments.last()}":
                continue
        odd.append(f"?environment {each.text}")
    return found


def _conditions(chain: Sequence[Block], odd: list[str]) -> list[list[Token]]:
    found = []
    for stage in chain:
        for each in (each for part in stage.all("when") for each in part.inside):
            if each.name == "expression" and len(each.inside) == 1 and each.inside[0].body is None:
                found += _split(each.inside[0].head)
            elif each.words not in (["beforeAgent", "true"], ["beforeInput", "true"]):
                odd.append(f"?when {each.text}")
        asked = {each.text for part in stage.all("when") for each in part.inside}
        if stage.all("when"):
            if stage.all("agent") and "beforeAgenttrue" not in asked:
                odd.append("?when: the agent starts first")
            if stage.all("input") and "beforeInputtrue" not in asked:
                odd.append("?when: a person is asked first")
    return found


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "sign" and token.value == "&&":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _runner(stage: Block) -> str:
    """The agent as `kubernetes { yaml pod('<runner>', config) }`, else how it is written."""
    (agent,) = stage.all("agent") or [Block([])]
    lines = [each for block in agent.inside for each in block.inside]
    if len(agent.inside) == 1 and agent.inside[0].text == "kubernetes" and len(lines) == 1:
        words = lines[0].words
        if words[:3] == ["yaml", "pod", "("] and words[4:] == [",", "config", ")"]:
            return words[3]
    return "".join(each.text for each in walk([agent])) or "none"


def _timeout(path: Sequence[Block]) -> int:
    limits = [0]
    for block in path:
        if block.name == "timeout":
            words = block.text
            match = re.fullmatch(r"timeout\(time:(\d+),unit:(\w+)\)", words)
            limits.append(int(match[1]) * _MINUTES.get(match[2], 0) if match else -1)
    return limits[-1] if len(limits) <= 2 else -1


def _credentials(path: Sequence[Block]) -> list[tuple[str, str, str]]:
    pattern = re.compile(r"(\w+)\(credentialsId:([^,()]+),variable:([^,()]+)\)")
    found: list[tuple[str, str, str]] = []
    for block in path:
        if block.name == "withCredentials":
            found += [(match[1], match[2], match[3]) for match in pattern.finditer(block.text)]
    return found


def _permissions(chain: Sequence[Block], identity: bool) -> tuple[tuple[str, str], ...]:
    """As the comments say; `id-token` is one that comment and credentials agree upon."""
    said = [(match[1], match[2]) for match in _comments(chain, _PERMISSION)]
    if identity and ("id-token", "write") not in said:
        said.append(("id-token", "without a word"))
    return tuple(each for each in said if identity or each[0] != "id-token")


def _comments(chain: Sequence[Block], pattern: re.Pattern[str]) -> list[re.Match[str]]:
    """What comments of this shape say in the stage and in those around it."""
    found = [pattern.fullmatch(each.comment) for stage in chain for each in stage.body or []]
    return [match for match in found if match]


def _asks(stage: Block, odd: list[str]) -> bool:
    asks = stage.all("input")
    for each in asks:
        if not any(line.name == "submitter" for line in each.inside):
            odd.append("?input without submitter")
    return bool(asks)


def _concurrency(stage: Block, odd: list[str]) -> str:
    found = ""
    for each in (each for part in stage.all("options") for each in part.inside):
        match = re.fullmatch(r"lock\(resource:\$\{project\}/([^()]+)\)", each.text)
        if match:
            found = match[1]
        else:
            odd.append(f"?options {each.text}")
    return found


def _stash(steps: Sequence[Block]) -> tuple[str, tuple[str, ...]]:
    """Name and paths of what the stage keeps for others."""
    for each in steps:
        match = re.fullmatch(
            r"stash\(name:([^,]*),includes:(.*),allowEmpty:true,useDefaultExcludes:false\)",
            each.text,
        )
        if match:
            return match[1], tuple(path.removesuffix("/**") for path in match[2].split(","))
    return "", ()


# --- jobs ---------------------------------------------------------------------------------------


def _merged(leaves: Sequence[_Leaf], every: tuple[str, ...]) -> Views:
    """One view per job; where the stages of one job disagree, a field says all that they say."""
    owners = {leaf.stash: _job_of(leaf) for leaf in leaves if leaf.stash}
    groups: dict[str, list[_Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(_job_of(leaf), []).append(leaf)
    needed = {owners.get(stash) for leaf in leaves for stash in leaf.said.get("needs", ())}
    return {
        name: _view(name, group, every, owners, name in needed) for name, group in groups.items()
    }


def _job_of(leaf: _Leaf) -> str:
    """`deliver` of the stage `deliver prod`, if that is the environment it is for."""
    environment = leaf.said.get("environment", "")
    if environment:
        return leaf.name.removesuffix(f" {environment}")
    around = [(_texts(stage.head) or ("?",))[0] for stage in leaf.chain[:-1]]
    return next((name for name in around if leaf.name.startswith(f"{name} ")), leaf.name)


def _view(
    name: str, group: Sequence[_Leaf], every: tuple[str, ...], owners: dict[str, str], needed: bool
) -> JobView:
    copies = [_one(name, leaf, owners, needed) for leaf in group]
    merged: dict[str, Any] = {}
    for each in fields(JobView):
        values = list(dict.fromkeys(getattr(copy, each.name) for copy in copies))
        merged[each.name] = values[0] if len(values) == 1 else tuple(values)
    targets = tuple(leaf.said.get("environment", "") for leaf in group)
    merged["approval"] = tuple(
        leaf.said["environment"] or "all" for leaf in group if leaf.said.get("approval")
    )
    if any(targets) or len(group) > 1:
        limits = merged["environments"]
        expected = every if limits is None else tuple(each for each in every if each in limits)
        if targets != expected:
            merged["environments"] = targets
    return JobView(**merged)


def _one(name: str, leaf: _Leaf, owners: dict[str, str], needed: bool) -> JobView:
    said = leaf.said
    if not said:
        return JobView(name, (leaf.name,), (), None, None, "", (), (), (), 0, False, (), "", ())
    events, environments, odd = _allowed(leaf)
    if said["lenient"] and needed:
        odd.append("?its failure stops nobody")
    needs = tuple(
        dict.fromkeys(
            owners.get(stash, f"?{stash}") if stash in leaf.earlier else f"{stash} (not run before)"
            for stash in said["needs"]
        )
    )
    return JobView(
        id=name,
        stages=(*said["stages"], *odd),
        needs=needs,
        events=events,
        environments=environments,
        runner=said["runner"],
        permissions=said["permissions"],
        secrets=said["secrets"],
        tools=said["tools"],
        timeout_minutes=said["timeout"],
        per_environment=bool(said["environment"]),
        approval=(),
        concurrency=said["concurrency"],
        artifacts=said["artifacts"],
    )


def _allowed(leaf: _Leaf) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None, list[str]]:
    """Events and environments for which the stage runs, and conditions that are not understood."""
    events: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None
    odd = []
    target = leaf.said["environment"]
    there = not target
    for part in leaf.said["conditions"]:
        words = [token.value for token in part]
        kinds = "".join("t" if token.kind == "text" else "w" for token in part)
        first = 2 if words[1:2] == ["in"] and kinds[:1] == "t" else 0
        rest = words[first:]
        limits = _texts(part[first:])
        written = [f"'{v}'" if k == "t" else v for v, k in zip(words, kinds, strict=True)]
        listed = ["[", *", ".join(f"'{each}'" for each in limits).replace(",", " ,").split(), "]"]
        if written == ["event", "in", *listed]:
            events = limits if events is None else tuple(e for e in events if e in limits)
        elif first and words[0] == target and rest == ["environments"]:
            there = True
        elif (not first or words[0] == target) and written[first:] == [
            *("environments", ".", "intersect", "("),
            *listed,
            ")",
        ]:
            there = there or bool(first)
            environments = limits
        else:
            odd.append(f"?when {' '.join(written)}")
    if not there:
        odd.append(f"?runs although {target} is not asked for")
    return events, environments, odd
