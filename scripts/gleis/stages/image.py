"""`image`: build the container image, the same bytes from the same commit.

The build sees the files of the commit and nothing else, with one mode and one time for all; the
base is what the Dockerfile names by digest, fetched from the platform's mirror where it has one.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
import tomllib
from pathlib import Path

from gleis.contract.platform import Platform
from gleis.pipeline import source
from gleis.pipeline.stage import Context, Outcome
from gleis.supply import archive, builders
from gleis.supply.registry import split

_FROM = re.compile(r"^(FROM\s+(?:--platform=\S+\s+)?)(\S+@sha256:[0-9a-f]{64})", re.M | re.I)
LABEL = "org.opencontainers.image"
MODEL_VERSION = "io.gleis.model.version"


def run(context: Context) -> Outcome:
    """Build with the builder that is here. Raises ToolMissing without one."""
    state = source.source(context.root)
    if state.commit is None or state.dirty:
        return Outcome.failed(
            "an image is built from a commit, and the work tree holds changes that are in none: "
            "commit them (git status shows which), or put them away with `git stash -u`"
        )
    builder = builders.choose(os.environ)
    context.say(f"building with {builder.name}")
    target = context.out("image.tar")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gleis-image-") as folder:
        tree = Path(folder) / "context"
        _export(context.root, tree)
        base, pulled = _rebase(tree / "Dockerfile", context.platform)
        if not base:
            return Outcome.failed(
                "the Dockerfile names no base image by digest (FROM image@sha256:…), so the same "
                "commit could give another image tomorrow. Take the one from platform.yaml: "
                "baseImages"
            )
        recipe = builders.Recipe(
            context=tree,
            name=context.project.metadata.name,
            base=pulled,
            epoch=source.commit_epoch(context.root),
            labels=_labels(context, state.commit),
            timeout=context.timeout,
        )
        scratch, ready = target.with_name(".image.tar.built"), target.with_name(".image.tar.new")
        try:
            context.log.write_text(builder.build(recipe, scratch), encoding="utf-8")
            archive.normalise(scratch, ready)
            image = archive.read(ready)
            ready.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
            ready.unlink(missing_ok=True)
    facts = {
        "builder": builder.name,
        "name": context.project.metadata.name,
        "digest": image.digest,
        "config": image.config.digest,
        "size": image.size,
        "base": base,
        "labels": image.labels,
    }
    context.write("image.json", facts)
    return Outcome(
        details=facts,
        summary=f"{image.digest[:19]} by {builder.name}, {image.size / 2**20:.0f} MiB",
    )


def version(root: Path) -> str:
    """The project's version, from pyproject.toml."""
    said = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return str(said.get("project", {}).get("version", "0"))


def _labels(context: Context, commit: str) -> dict[str, str]:
    git, name = context.platform.git, context.project.metadata.name
    registration = context.read("registration.json")
    return {
        f"{LABEL}.title": name,
        f"{LABEL}.source": f"https://{git.host}/{git.owner}/{name}",
        f"{LABEL}.revision": commit,
        f"{LABEL}.version": version(context.root),
        MODEL_VERSION: str(registration["version"]),
    }


def _export(root: Path, tree: Path) -> None:
    """The files of the commit, readable by every user of an image, whatever the umask was."""
    packed = tree.with_name("commit.tar")
    source.export(root, packed)
    tree.mkdir()
    with tarfile.open(packed) as tar:
        for member in tar:
            place = tree / member.name
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
                place.chmod(0o755)
            elif member.issym():
                place.symlink_to(member.linkname)
            elif member.isfile() and (content := tar.extractfile(member)):
                with place.open("wb") as stream:
                    shutil.copyfileobj(content, stream)
                place.chmod(0o755 if member.mode & 0o100 else 0o644)


def _rebase(dockerfile: Path, platform: Platform) -> tuple[str, str]:
    """The base image as written, and where it is pulled from; "" when there is none by digest.

    With a mirror every FROM of the copy that is built points to it. The digest stays, so a mirror
    can leave an image out but cannot replace it.
    """
    text = dockerfile.read_text(encoding="utf-8")
    found = [match[2] for match in _FROM.finditer(text)]
    if not found:
        return "", ""
    mirror = platform.registry.mirror
    if mirror:
        text = _FROM.sub(lambda match: match[1] + mirrored(match[2], mirror), text)
        dockerfile.write_text(text, encoding="utf-8")
    return found[0], mirrored(found[0], mirror) if mirror else found[0]


def mirrored(reference: str, mirror: str) -> str:
    """`python:3.12@sha256:…` → `<mirror>/library/python:3.12@sha256:…`."""
    said = split(reference)
    tag = f":{said.tag}" if said.tag else ""
    return f"{mirror.rstrip('/')}/{said.repository}{tag}@{said.digest}"
