"""The plain facts of a run as pairs of a name and a text."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.report.model import Evidence, Source, Statement
from gleis.report.words import UNKNOWN, count, duration, moment, number

ALWAYS = {"Commit", "Data SHA-256", "Lock SHA-256", "Template"}  # said even when not known
WORK_TREE = {True: "uncommitted changes", False: "clean", None: UNKNOWN}


@dataclass(frozen=True)
class Fact:
    """A named value. `code` marks digests and versions; `tone` marks what needs attention."""

    name: str
    value: str
    code: bool = False
    tone: str = ""


def header(evidence: Evidence) -> tuple[Fact, ...]:
    """Who, what, when: the facts under the title."""
    project, run = evidence.project, evidence.run
    source = newest_source(evidence)
    environment = next(
        (s.environment for n, s in evidence.statements.items() if evidence.current(n)), ""
    )
    return (
        Fact("Team", project.team or UNKNOWN),
        Fact("Owner", project.owner or UNKNOWN),
        Fact("Risk class", project.risk or UNKNOWN),
        Fact("Data class", project.data_class or UNKNOWN),
        Fact("Registered", *registered(evidence)),
        Fact("Environment", environment or UNKNOWN),
        Fact("Commit", *commit(source)),
        Fact("Finished", moment(run.finished or run.started)),
    )


def registered(evidence: Evidence) -> tuple[str, bool, str]:
    """Version and alias; those of an earlier run are named as such."""
    register, promote = evidence.statement("register"), evidence.statement("promote")
    if register is None or not register.version:
        return "nothing registered", False, ""
    if not evidence.current("register") or register.verdict != "passed":
        return f"nothing by this run (earlier: version {register.version})", False, "warn"
    alias = register.alias
    if promote and evidence.current("promote") and promote.verdict == "passed":
        alias = promote.alias or alias
    return f"version {register.version}" + (f", {alias}" if alias else ""), False, ""


def newest_source(evidence: Evidence) -> Source:
    """The git state of the stage that finished last in this run."""
    ran = [
        (found.finished, found.source)
        for name, found in evidence.statements.items()
        if evidence.current(name) and found.finished
    ]
    return max(ran, key=lambda pair: pair[0])[1] if ran else Source()


def commit(source: Source) -> tuple[str, bool, str]:
    if not source.commit:
        return "no commit", False, "warn"
    branch = f" on {source.branch}" if source.branch else ""
    if source.dirty:
        return f"{source.commit[:12]}{branch}, with uncommitted changes", False, "warn"
    return f"{source.commit[:12]}{branch}", False, ""


def origins(evidence: Evidence) -> tuple[Fact, ...]:
    """What the model was built from."""
    data, training = evidence.data, evidence.training
    train = evidence.statement("train")
    source = train.source if train else newest_source(evidence)
    lock = dict(train.versions).get("environment", "") if train else ""
    facts = [
        Fact("Commit", source.commit or training.commit or UNKNOWN, True),
        Fact("Work tree", WORK_TREE[source.dirty], False, "warn" if source.dirty else ""),
        Fact("Data", data.source or UNKNOWN),
        Fact("Data SHA-256", data.sha256 or training.data_sha256 or UNKNOWN, True),
        Fact("Lock SHA-256", lock or UNKNOWN, True),
        Fact("Template", evidence.project.template or UNKNOWN, True),
        Fact("Template source", evidence.project.template_source or UNKNOWN),
        Fact("Seed", training.seed or UNKNOWN),
        Fact("Trained in", duration(training.seconds)),
        Fact("MLflow run", training.run_id or UNKNOWN, True),
    ]
    return tuple(fact for fact in facts if fact.value != UNKNOWN or fact.name in ALWAYS)


def versions(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """Tool and library versions that the stages and the training recorded."""
    found: dict[str, str] = {}
    for name, statement in evidence.statements.items():
        if evidence.current(name):
            found.update(statement.versions)
    found.update(evidence.training.versions)
    for key in ("environment", "stage"):  # the lock's digest and the platform's own code
        found.pop(key, None)
    return tuple(sorted(found.items()))[:40]


def data_rows(evidence: Evidence) -> tuple[Fact, ...]:
    """Size, split and labels of the data."""
    data = evidence.data
    facts = [Fact("Rows", count(data.rows))] if data.rows is not None else []
    if data.columns:
        facts.append(Fact("Columns", str(data.columns)))
    if data.target:
        facts.append(Fact("Target", data.target))
    facts += [Fact(f"Split: {name}", value) for name, value in data.split]
    facts += [Fact(f"Label: {name}", value) for name, value in data.labels[:12]]
    return tuple(facts)


def card(evidence: Evidence) -> tuple[Fact, ...]:
    """The part of the model card that nobody has to fill in by hand."""
    model, metrics, project = evidence.model, evidence.metrics, evidence.project
    primary = metrics.overall.get(metrics.primary)
    names = [name for name, _ in model.features]
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    facts = [
        Fact("Model", model.name or project.name),
        Fact("Framework", model.framework or project.framework),
        Fact("Task", model.task or project.task),
        Fact(
            "Predicts", model.target + (f" ({', '.join(model.classes)})" if model.classes else "")
        ),
        Fact("Inputs", f"{len(names)}: {listed}" if names else ""),
        Fact("Trained on", evidence.data.source),
        Fact("Made", model.created),
        Fact(
            "Measured",
            f"{metrics.primary} {number(primary.value)} on {count(metrics.rows)} held-out rows"
            if primary
            else "",
        ),
        Fact("Risk class", project.risk),
        Fact("Data class", project.data_class),
        Fact("Owner", project.owner),
    ]
    return tuple(fact for fact in facts if fact.value.strip())


def smoke(statement: Statement, latency_ms: float | None) -> tuple[Fact, ...]:
    """Requests and latency of the smoke test, against the objective where there is one."""
    facts = [Fact("Requests", count(statement.requests))] if statement.requests is not None else []
    for name, seconds in statement.latency:
        text, tone = f"{seconds * 1000:.3g}\N{NO-BREAK SPACE}ms", ""
        if name == "p99" and latency_ms is not None:
            held = seconds * 1000 <= latency_ms
            tone = "ok" if held else "bad"
            side = "within" if held else "over"
            text += f", {side} the objective of {latency_ms:g}\N{NO-BREAK SPACE}ms"
        facts.append(Fact(f"Latency {name}", text, False, tone))
    return tuple(facts)
