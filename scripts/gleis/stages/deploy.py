"""`deploy`, environment `local`: install the release in a folder of its own, then switch to it.

A release is the model as the registry has it, the package that serves it, contract and lock.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from gleis.pipeline import locks
from gleis.pipeline.stage import Context, Outcome
from gleis.tools.files import tree_sha256

RELEASES = ".gleis/releases"
CURRENT = f"{RELEASES}/current"


def run(context: Context) -> Outcome:
    """Install the registered challenger. Interrupted anywhere, the former release stays current."""
    registration = context.read("registration.json")
    digest = registration["model_sha256"]
    scratch = f"{RELEASES}/.new"
    shutil.rmtree(context.root / scratch, ignore_errors=True)
    answer = context.registry("fetch", run_id=registration["run_id"], into=f"{scratch}/model")
    if answer.code:
        return Outcome.failed(f"the model could not be fetched from the registry: {answer.error}")
    if answer.result["model_sha256"] != digest:
        return Outcome.failed(
            f"the registry returned model {answer.result['model_sha256'][:12]}, not {digest[:12]} "
            "that was registered: it was changed there. Run `gleis run --from train --force`"
        )
    folder = context.root / scratch
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(context.root / "src", folder / "src", ignore=skipped)
    for file in (context.root / "project.yaml", *locks.of(context.root)):
        shutil.copy2(file, folder / file.name)
    content = tree_sha256(folder)
    release = f"{RELEASES}/v{registration['version']}-{content[:12]}"
    if (context.root / release).exists():
        shutil.rmtree(context.root / release)
    folder.rename(context.root / release)
    switch(context.root / CURRENT, Path(release).name)
    facts = {
        "environment": context.environment,
        "release": release,
        "version": registration["version"],
        "model_sha256": digest,
        "sha256": content,
    }
    context.write("release.json", facts)
    return Outcome(details=facts, summary=f"v{registration['version']} in {release}")


def switch(link: Path, target: str) -> None:
    """Point the symlink `link` to `target` in one step: readers see the old or the new one."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
