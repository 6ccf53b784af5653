"""Puts the sections together into one HTML text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gleis.report import card, disk, facts, ledger, lineage, measures, plots, sops, timeline
from gleis.report.model import Evidence
from gleis.report.read import CARD, DATA, METRICS, MODEL, TRAINING, read
from gleis.report.verdict import AGAIN, judge

MISSING = "is not there."
TEMPLATES = Path(__file__).resolve().parent / "templates"


def build(root: Path) -> str:
    """The report of the last run in the project folder `root`, as the text of one HTML page.

    Reads `.gleis/run/`, `.gleis/out/`, project.yaml, the model card and the Copier answers. What is
    missing or broken is said in its section; nothing that these files hold makes it raise. The same
    files give the same text.
    """
    evidence = read(root)
    return render(sections(evidence, root))


def sections(evidence: Evidence, root: Path) -> dict[str, Any]:
    """What the templates show, by name."""
    subjects = (s for found in evidence.statements.values() for s in found.subjects)
    held = disk.compare(root, subjects)
    metrics, smoke = evidence.metrics, evidence.statement("smoke")
    return {
        "project": evidence.project,
        "run": evidence.run,
        "verdict": judge(evidence),
        "again": AGAIN,
        "header": facts.header(evidence),
        "origins": facts.origins(evidence),
        "versions": facts.versions(evidence),
        "data_rows": facts.data_rows(evidence),
        "data_checks": evidence.data.checks,
        "timeline": timeline.lay_out(evidence.run),
        "code": [
            (name, found.verdict, found.tests, found.tools)
            for name in ("lint", "test")
            if (found := evidence.statement(name)) and (found.tests or found.tools)
        ],
        "metrics": metrics,
        "overall": measures.overall(evidence),
        "gate": measures.gate(evidence),
        "slices": measures.slices(evidence),
        "duels": measures.duels(evidence),
        "evaluated": evidence.statement("evaluate"),
        "confusion": plots.heat_rows(metrics.confusion) if metrics.confusion else (),
        "scatters": [
            ("Predicted and actual", "actual", "predicted", plots.predicted_actual),
            ("Residuals", "predicted", "actual − predicted", plots.residuals),
        ]
        if metrics.residuals
        else [],
        "sops": sops.sum_up(evidence),
        "smoke": smoke,
        "smoke_facts": facts.smoke(smoke, evidence.project.latency_ms) if smoke else (),
        "lineage": lineage.trace(evidence),
        "card_facts": facts.card(evidence),
        "card_html": card.render(evidence.card) if evidence.card else "",
        "entries": ledger.entries(evidence),
        "outputs": ledger.outputs(evidence, held),
        "notes_of": evidence.notes,
        "doubts": _doubts(evidence, held),
    }


def _doubts(evidence: Evidence, held: dict[Any, str]) -> dict[str, tuple[str, ...]]:
    """For each section, why it may not be about the last run."""
    told: dict[str, tuple[str, ...]] = {}
    for section, stage, file in (
        ("data", "data-check", DATA),
        ("training", "train", TRAINING),
        ("metrics", "evaluate", METRICS),
        ("card", "train", MODEL),
        ("gate", "evaluate", ""),
        ("sops", "sop", ""),
        ("smoke", "smoke", ""),
    ):
        note = evidence.notes.get(file, "")
        found = evidence.statement(stage)
        if note.endswith(MISSING) and (found is None or found.verdict != "passed"):
            told[section] = ()  # nothing made it yet, which the section says itself
        elif note.endswith(MISSING):
            told[section] = (f"{note} `{stage}` wrote it, and it was deleted since.",)
        else:
            stands = ledger.doubts(evidence, held, stage, file)
            told[section] = (note, *stands) if note else stands
    if CARD in evidence.notes:
        told["card"] = (evidence.notes[CARD], *told["card"])
    return told


def render(context: dict[str, Any]) -> str:
    """The page. Everything is escaped but the model card, which `card.render` has made safe."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from gleis.report import words

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=words.count, moment=words.moment, short=words.short, duration=words.duration
    )
    context = {**context, "card_html": Markup(context["card_html"])}
    return environment.get_template("report.html").render(context)
