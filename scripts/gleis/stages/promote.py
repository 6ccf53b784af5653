"""`promote`: the challenger that passed everything becomes the champion of its environment.

`champion` is what the next challenger is compared with, so it is what the last environment of the
contract runs (or this machine); in the environments before it the alias is `champion-<name>`.
"""

from __future__ import annotations

from gleis import evidence
from gleis.contract.project import Project
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
        alias=alias(context.project, context.environment),
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
        summary=f"{registration['name']} v{registration['version']} is the "
        + answer.result["alias"]
        + (f", after v{previous}" if previous else ""),
    )


def alias(project: Project, environment: str) -> str:
    """The registry's name for what runs in `environment`."""
    if environment in ("local", project.delivery.environments[-1]):
        return "champion"
    return f"champion-{environment}"
