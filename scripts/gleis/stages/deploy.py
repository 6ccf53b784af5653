"""`deploy`: install the release here, then promote it to the environment that the run is for.

A release is the model as the registry has it, the package that serves it, contract and lock. It is
installed on this machine for every environment, so that `gleis serve` has what was delivered; for
`dev`, `staging` and `prod` the published image is then promoted by a commit of the state's repo.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from gleis.contract.project import Project
from gleis.pipeline import graph, locks
from gleis.pipeline.graph import Graph, Occasion
from gleis.pipeline.stage import Context, Outcome
from gleis.tools.files import tree_sha256

RELEASES = ".gleis/releases"
CURRENT = f"{RELEASES}/current"
LOCAL = "local"
APPROVER = "GLEIS_APPROVER"  # who let the job go on, as the CI system knows them


def run(context: Context) -> Outcome:
    """Install the challenger, and promote it where the run is for an environment."""
    facts = _install(context)
    if isinstance(facts, Outcome):
        return facts
    summary = f"v{facts['version']} in {facts['release']}"
    if context.environment != LOCAL:
        from gleis.gitops.errors import Refused

        try:
            promoted = _promote(context)
        except Refused as refused:
            return Outcome.failed(str(refused), details=facts)
        facts |= promoted
        how = f"proposed: {promoted['proposal']}" if promoted["proposal"] else "promoted"
        summary = f"v{facts['version']} {how}, state {promoted['commit'][:12]}"
    context.write("release.json", facts)
    return Outcome(details=facts, summary=summary)


def _install(context: Context) -> dict[str, Any] | Outcome:
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
    return {
        "environment": context.environment,
        "release": release,
        "version": registration["version"],
        "model_sha256": digest,
        "sha256": content,
    }


def _promote(context: Context) -> dict[str, Any]:
    """Commit the promotion of what this run made, after the environment before it has it."""
    from gleis.gitops import location, promotion, run_evidence
    from gleis.gitops.gates import RUN
    from gleis.pipeline.source import source

    project, platform, root = context.project, context.platform, context.root
    stages = required(graph.load(), project, Occasion(context.event, context.environment))
    chain = (RUN, *project.delivery.environments)
    target = context.environment
    before = chain[chain.index(target) - 1] if target in chain else RUN
    context.say(f"promoting from {before}")
    done = promotion.promote(
        promotion.Request(
            root=root,
            project=project,
            platform=platform,
            source=before,
            target=target,
            required=stages,
            candidate=run_evidence.release(root, project, platform, source(root), stages),
            approver=os.environ.get(APPROVER, "") or approver(target),
            event=context.event,
            run_url=build_url(),
        ),
        location.locate(platform),
    )
    return {
        "commit": done.landed.commit,
        "digest": done.release.image_digest,
        "image": done.release.image,
        "changed": done.landed.changed,
        "proposal": done.landed.proposal,
    }


def required(stages: Graph, project: Project, occasion: Occasion) -> tuple[str, ...]:
    """The stages that must have passed before a deployment, on that occasion."""
    before = stages.before(["deploy"]) - {"deploy"}
    return tuple(
        name
        for name in stages.order
        if name in before and stages.stages[name].applies_to(project, occasion)
    )


def build_url() -> str:
    """The page of the CI run that this is part of; empty where it is none."""
    from gleis.pipeline import ci

    return ci.detect(os.environ).build_url or ""


def approver(environment: str) -> str:
    """Who let the CI run that this is part of go on to `environment`; empty where nobody did."""
    from gleis.pipeline import ci

    return ci.detect(os.environ).approver(environment)


def switch(link: Path, target: str) -> None:
    """Point the symlink `link` to `target` in one step: readers see the old or the new one."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
