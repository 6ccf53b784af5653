"""`publish`: push the image to the organisation's registry, under names that never move."""

from __future__ import annotations

from gleis.pipeline.stage import Context, Outcome
from gleis.stages.image import LABEL, MODEL_VERSION
from gleis.supply import archive
from gleis.supply.registry import Registry


def run(context: Context) -> Outcome:
    """Push, then ask the registry what it has. What is there already is not sent again."""
    image = archive.read(context.out("image.tar"))
    if image.digest != context.read("image.json")["digest"]:
        return Outcome.failed(
            ".gleis/out/image.tar is not the image that was listed and scanned: "
            "gleis run --from image --force"
        )
    where = context.platform.registry
    name = f"{where.namespace}/{context.project.metadata.name}"
    registry = Registry(where.host, name)
    tags = tags_of(image.labels)
    context.say(f"pushing to {where.host}/{name}")
    registry.push(image, tags)
    for tag in tags:
        there = registry.digest_of(tag)
        if there != image.digest:
            return Outcome.failed(
                f"{where.host}/{name}:{tag} is {there} right after {image.digest} was pushed: "
                "somebody else pushes there, or the registry changes images. Find out which"
            )
    facts = {"image": f"{where.host}/{name}", "digest": image.digest, "tag": tags[0], "tags": tags}
    context.write("publication.json", facts)
    return Outcome(details=facts, summary=f"{facts['image']}:{tags[0]}")


def tags_of(labels: dict[str, str]) -> list[str]:
    """One name per commit and model: version, model version, first 12 digits of the commit."""
    commit = labels[f"{LABEL}.revision"][:12]
    return [f"{labels[f'{LABEL}.version']}-m{labels[MODEL_VERSION]}-g{commit}"]
