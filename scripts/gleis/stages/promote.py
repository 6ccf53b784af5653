"""`promote`: the challenger that passed everything becomes the champion."""

from __future__ import annotations

from gleis import evidence
from gleis.pipeline.stage import Context, Outcome


def run(context: Context) -> Outcome:
    """Move the alias, unless somebody else became champion since the challenger was compared."""
    registration = context.read("registration.json")
    evaluated = evidence.read(context.root, "evaluate")
    compared = (evaluated.details.get("champion") or {}) if evaluated else {}
    answer = context.registry(
        "promote",
        name=registration["name"],
        version=registration["version"],
        expected=compared.get("version"),
    )
    if answer.code:
        return Outcome.failed(f"the alias was not moved: {answer.error}")
    if "refused" in answer.result:
        was = f"v{compared['version']}" if compared else "no champion"
        now = f"v{answer.result['refused']}" if answer.result["refused"] else "none"
        return Outcome.failed(
            f"the challenger was compared with {was}, but the champion is now {now}. "
            "Compare again: gleis run --from evaluate --force"
        )
    context.write("promotion.json", answer.result)
    previous = answer.result["previous"]
    return Outcome(
        details=answer.result,
        summary=f"{registration['name']} v{registration['version']} is the champion"
        + (f", after v{previous}" if previous else ""),
    )
