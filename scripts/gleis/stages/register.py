"""`register`: put the evaluated model into the registry, once, as `challenger`."""

from __future__ import annotations

from gleis.pipeline.stage import Context, Outcome


def run(context: Context) -> Outcome:
    """Register the model that was evaluated, and no other one."""
    metrics, train = context.read("metrics.json"), context.read("train.json")
    answer = context.registry(
        "register",
        name=context.project.metadata.name,
        train=train,
        metrics=metrics,
        tags={
            "gleis.model_sha256": metrics["model_sha256"],
            "gleis.data_sha256": metrics["data_sha256"],
            "gleis.git_commit": str(train.get("git_commit") or ""),
        },
    )
    if answer.code:
        return Outcome.failed(f"the model was not registered: {answer.error}")
    context.write("registration.json", answer.result)
    return Outcome(
        details=answer.result,
        summary=f"{answer.result['name']} v{answer.result['version']} is the challenger",
    )
