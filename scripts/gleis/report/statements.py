"""The run and its in-toto statements, from untrusted JSON."""

from __future__ import annotations

from gleis.report import outputs, parse
from gleis.report.model import (
    FindingFact,
    GateRow,
    Metrics,
    Rule,
    Run,
    Source,
    StageRun,
    Statement,
    Waiver,
)
from gleis.report.node import Node

# What a stage names that made no file: the commit that it judged, or the key of what it read.
NOT_FILES = {"git+commit", "gleis+key"}


def run(node: Node) -> Run:
    """`.gleis/run/pipeline.json`."""
    stages = tuple(
        StageRun(
            stage=entry.at("stage").text(60),
            job=entry.at("job").text(60),
            state=entry.at("state").text(30),
            started=parse.when(entry.at("startedOn")),
            seconds=parse.seconds(entry.at("durationSeconds")),
            reason=entry.at("reason").text(2000),
        )
        for entry in node.at("stages").items(80)
    )
    return Run(
        id=node.at("run").text(80),
        started=parse.when(node.at("startedOn")),
        finished=parse.when(node.at("finishedOn")),
        verdict=node.at("verdict").text(30),
        stages=stages,
    )


def statement(file: str, stage: str, node: Node) -> Statement:
    """`.gleis/run/<stage>.json`."""
    predicate = node.at("predicate")
    source, details = predicate.at("source"), predicate.at("details")
    return Statement(
        file=file,
        stage=stage,
        job=predicate.at("job").text(60),
        environment=predicate.at("environment").text(60),
        verdict=predicate.at("verdict").text(30),
        reason=predicate.at("reason").text(2000),
        started=parse.when(predicate.at("startedOn")),
        finished=parse.when(predicate.at("finishedOn")),
        seconds=parse.seconds(predicate.at("durationSeconds")),
        source=Source(
            source.at("commit").text(64), source.at("branch").text(120), source.at("dirty").flag()
        ),
        subjects=tuple(
            subject
            for subject in parse.digests(node.at("subject").items(60))
            if subject.name not in NOT_FILES
        ),
        inputs=parse.digests(predicate.at("inputs").items(60)),
        parameters=parse.pairs(predicate.at("parameters")),
        versions=parse.pairs(predicate.at("versions")),
        findings=tuple(finding(entry) for entry in predicate.at("findings").items()),
        gate=tuple(gate_row(entry) for entry in details.at("gate").items(200)),
        champion=_champion(details.at("champion")),
        champion_version=details.at("champion", "version").text(40),
        rules=tuple(rule(entry) for entry in details.at("rules").items(100)),
        checks=tuple(parse.check(entry) for entry in details.at("checks").items(60)),
        requests=details.at("requests").whole(),
        latency=_numbers(details.at("latencySeconds"), 10),
        name=details.at("name").text(120),
        version=details.at("version").text(60),
        alias=details.at("alias").text(60),
        previous=details.at("previous").text(60),
        model_sha256=details.at("model_sha256").text(64),
        values=_numbers(predicate.at("metrics"), 40),
        tests=parse.pairs(details.at("tests"), 12),
        tools=parse.pairs(details.at("tools"), 20),
        release=details.at("release").text(300),
        log=predicate.at("log").text(300),
    )


def _champion(node: Node) -> Metrics | None:
    return outputs.metrics(node.at("metrics")) if node else None


def finding(node: Node) -> FindingFact:
    file, line = node.at("file").text(300), node.at("line").whole()
    held = node.at("waiver")
    waiver = Waiver(
        owner=held.at("owner").text(120),
        approver=held.at("approver").text(120),
        ticket=held.at("ticket").text(120),
        reason=held.at("reason").text(),
        expires=held.at("expires").text(40),
    )
    return FindingFact(
        rule=node.at("rule").text(80),
        severity=node.at("severity").text(20),
        message=node.at("message").text(),
        remediation=node.at("remediation").text(),
        place=f"{file}:{line}" if file and line is not None else file,
        waiver=waiver if held else None,
    )


def gate_row(node: Node) -> GateRow:
    return GateRow(
        scope=node.at("scope").text(160),
        kind=node.at("kind").text(40),
        metric=node.at("metric").text(60),
        value=node.at("value").number(),
        bound=node.at("bound").number(),
        ok=node.at("ok").flag(),
    )


def rule(node: Node) -> Rule:
    return Rule(
        node.at("id").text(60),
        node.at("title").text(200),
        node.at("severity").text(20),
        node.at("outcome").text(40),
    )


def _numbers(node: Node, limit: int) -> tuple[tuple[str, float], ...]:
    found = ((name, value.number()) for name, value in node.fields(limit))
    return tuple((name, number) for name, number in found if number is not None)
