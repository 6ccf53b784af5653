"""`monitor`: does the champion still see the world that it was trained on?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gleis.contract import names
from gleis.pipeline import drift_score
from gleis.pipeline.stage import OUT, Context, Outcome

WINDOW = ".gleis/monitor/window.parquet"
VARIABLE = "GLEIS_MONITOR_WINDOW"
# PSI above 0.2 is read as "the population moved" since Siddiqi, Credit Risk Scorecards (2006).
PSI_LIMIT = 0.2
P_LIMIT = 0.01
LEAST_ROWS = 100


def run(context: Context) -> Outcome:
    """Fail, naming the columns, when a window of inputs drifted from the training data."""
    window = os.environ.get(VARIABLE) or WINDOW
    if not (context.root / window).is_file():
        return Outcome.failed(
            f"there is no window of predictions to look at: {window} is not there. Let the inputs "
            "of the service be written to it as parquet, one column per feature, or name the file "
            f"in {VARIABLE}"
        )
    champion = context.registry(
        "champion", name=context.project.metadata.name, into=f"{OUT}/monitor/champion"
    )
    if champion.code:
        return Outcome.failed(f"the registry did not say who the champion is: {champion.error}")
    if champion.result is None:
        return Outcome.failed("there is no champion yet, so nothing is monitored: promote a model")
    reference = context.out("data/train.parquet")
    data = context.out("data/data.json")
    if not reference.is_file() or not data.is_file():
        return Outcome.failed(
            f"{OUT}/data/train.parquet, what the champion was trained on, is not there: make it at "
            "the champion's commit with `gleis run --until data-check`"
        )
    model = f"{OUT}/monitor/champion"
    trained_on = context.read("monitor/champion/model.json").get("data_sha256")
    if trained_on != context.read("data/data.json").get("sha256"):
        return Outcome.failed(
            f"champion v{champion.result['version']} was trained on other data than {OUT}/data "
            f"holds ({str(trained_on)[:12]}): check out the champion's commit and run "
            "`gleis run --until data-check`"
        )
    answer = context.worker().call(
        "drift.py",
        "compare",
        {
            "reference": reference.relative_to(context.root).as_posix(),
            "window": str(Path(window)),
            "model": model,
            "psi_limit": PSI_LIMIT,
            "p_limit": P_LIMIT,
            "rows": LEAST_ROWS,
        },
        log=context.log,
        timeout=context.timeout,
    )
    if answer.code:
        return context.broke(answer, f"reading {window} ({answer.error})")
    if "refused" in answer.result:
        return Outcome.failed(f"the window {window} cannot be judged: {answer.result['refused']}")
    facts = {**answer.result, "champion": champion.result["version"]}
    context.write("monitor.json", facts)
    _show(context, facts)
    moved = [each for each in facts["columns"] if each["drifted"]]
    if moved:
        lines = "\n".join(
            f"  {each['name']}: PSI {_number(each['psi'])}, KS {_number(each['ks'])}"
            for each in moved
        )
        return Outcome.failed(
            f"{len(moved)} of {len(facts['columns'])} columns moved away from the training data "
            f"(PSI over {PSI_LIMIT:g}):\n{lines}\nLook at where they come from, then train again: "
            "gleis run --event drift",
            details=facts,
        )
    return Outcome(details=facts, summary=f"{len(facts['columns'])} columns, none drifted")


def _show(context: Context, facts: dict[str, Any]) -> None:
    """Let Prometheus know. That it cannot is no reason to keep what was measured to ourselves."""
    address = os.environ.get(drift_score.VARIABLE, "")
    if not address:
        return
    metadata = context.project.metadata
    why = drift_score.push(
        address,
        names.namespace(metadata.team, metadata.name, context.environment),
        metadata.name,
        drift_score.text(facts["columns"], facts["champion"]),
    )
    if why:
        context.say(f"the drift did not reach the Pushgateway in {drift_score.VARIABLE}: {why}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
