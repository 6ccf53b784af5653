"""`sbom`: what is inside the environment, the image and the model (CycloneDX 1.6)."""

from __future__ import annotations

from gleis import supply
from gleis.pipeline import source
from gleis.pipeline.stage import Context, Outcome
from gleis.stages.image import version
from gleis.supply import archive, boms


def run(context: Context) -> Outcome:
    """Write three bills of materials; the same commit gives the same bytes."""
    epoch = source.commit_epoch(context.root)
    name = context.project.metadata.name
    tools = supply.environment(context.say)
    python = context.project_environment().python
    release = version(context.root)
    subject = {"type": "application", "bom-ref": "root", "name": name, "version": release}
    image = archive.read(context.out("image.tar"))
    train, metrics = context.read("train.json"), context.read("metrics.json")
    model = str(context.read("registration.json")["version"])
    written = {
        "sbom-python.json": boms.of_environment(tools, python, subject, epoch),
        "sbom-image.json": boms.of_image(image, name, epoch),
        "sbom-model.json": boms.of_model(name, model, train, metrics, epoch),
    }
    for file, document in written.items():
        context.write(file, document)
    counts = {file: len(document["components"]) for file, document in written.items()}
    return Outcome(
        details={"components": counts},
        summary=f"{counts['sbom-python.json']} packages in the environment, "
        f"{counts['sbom-image.json']} components in the image",
    )
