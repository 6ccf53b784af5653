"""What a project's run made, with proof that it all belongs to one commit and one model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gleis import evidence
from gleis.contract.platform import Platform
from gleis.contract.project import Project
from gleis.evidence import Record, Source
from gleis.gitops.errors import Refused
from gleis.gitops.records import Release, ReleaseEvidence
from gleis.tools import sha256

OUT = ".gleis/out"
_MISSING = "missing"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MODEL = re.compile(r"[0-9a-f]{64}")
# The files that a release is made of, and the stage that vouches for each.
_FILES = {
    "train": "train.json",
    "evaluate": "metrics.json",
    "register": "registration.json",
    "publish": "publication.json",
}


def release(
    root: Path, project: Project, platform: Platform, source: Source, required: Sequence[str]
) -> Release:
    """The release that the last run in `root` made; approver, promoter and time are left open.

    `required` are the stages that must have passed. Raises Refused with every reason against it.
    """
    records = {stage: evidence.read(root, stage) for stage in required}
    reasons = list(_commit(source))
    reasons += _stages(root, required)
    passed = {name: record for name, record in records.items() if record and record.passed}
    if not reasons:
        reasons += _content(root, passed, source)
    if reasons:
        raise _refused(project, reasons)
    files = {stage: _json(root, name) for stage, name in _FILES.items()}
    reasons += _missing(files)
    if reasons:
        raise _refused(project, reasons)
    reasons += _one_model(files)
    reasons += _image(files["publish"], project, platform)
    if reasons:
        raise _refused(project, reasons)
    registration, publication = files["register"], files["publish"]
    return Release(
        model_version=str(registration["version"]),
        model_sha256=registration["model_sha256"],
        image=publication["image"],
        image_digest=publication["digest"],
        metrics=_metrics(files["evaluate"]),
        evidence=ReleaseEvidence(digest(root, required), tuple(required)),
        promoted_by="",
        source_commit=source.commit or "",
        since="",
    )


def digest(root: Path, stages: Sequence[str]) -> str:
    """One digest over the statements of `stages`: that of the lines `<sha256>  <stage>`."""
    lines = [f"{sha256(evidence.path(root, stage))}  {stage}\n" for stage in sorted(stages)]
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def _refused(project: Project, reasons: list[str]) -> Refused:
    lines = "\n".join(f"  {reason}" for reason in reasons)
    return Refused(
        f"the last run of {project.metadata.name} is nothing to promote:\n{lines}\n"
        "Make it whole: gleis run --environment dev"
    )


def _commit(source: Source) -> Iterator[str]:
    if source.commit is None:
        yield "there is no commit yet, so nothing says what was built"
    elif source.dirty:
        yield "the work tree has changes that are in no commit: commit them"


def _stages(root: Path, required: Sequence[str]) -> Iterator[str]:
    for stage in required:
        record = evidence.read(root, stage)
        if record is None:
            yield f"{stage} has not run"
        elif not record.passed:
            yield f"{stage} did not pass: {record.reason.splitlines()[0] if record.reason else ''}"


def _content(root: Path, records: dict[str, Record], source: Source) -> Iterator[str]:
    """What each stage read must be what is there now, or what another stage wrote.

    So evidence of an older commit counts where nothing that it is about has changed since, and
    an image that was published for another model does not. Data that git ignores is not on every
    runner: where it is missing, the stage must have run at this very commit.
    """
    made = {name: sha for record in records.values() for name, sha in record.outputs.items()}
    seen: dict[str, str] = {}
    for stage, record in records.items():
        for name, wanted in record.inputs.items():
            if name not in made and name not in seen:
                path = root / name
                seen[name] = sha256(path) if path.is_file() else _MISSING
            found = made.get(name) or seen[name]
            here = record.source.commit == source.commit and not record.source.dirty
            if found == _MISSING and here:
                continue
            if found != wanted:
                yield f"{stage} ran with another {name} than there is now"
                break
        name = f"{OUT}/{_FILES.get(stage, '')}"
        if stage in _FILES:
            path = root / name
            if record.outputs.get(name) != (sha256(path) if path.is_file() else _MISSING):
                yield f"{name} is not what {stage} wrote"


def _json(root: Path, name: str) -> dict[str, Any]:
    """The object in a file; empty where there is none that can be read."""
    try:
        value = json.loads((root / OUT / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _missing(files: dict[str, Any]) -> Iterator[str]:
    for stage, name in _FILES.items():
        if not files.get(stage):
            yield f"{OUT}/{name} is missing or cannot be read; {stage} writes it"


def _one_model(files: dict[str, Any]) -> Iterator[str]:
    found = {stage: files[stage].get("model_sha256") for stage in ("train", "evaluate", "register")}
    if len(set(found.values())) != 1 or not _MODEL.fullmatch(str(found["register"])):
        said = ", ".join(f"{stage} {str(model)[:12]}" for stage, model in found.items())
        yield f"the stages are about different models: {said}"
    if not re.fullmatch(r"[0-9]{1,9}", str(files["register"].get("version", ""))):
        yield "registration.json names no version of the model"
    if not _metrics(files["evaluate"]):
        yield "metrics.json has no metric"


def _image(publication: dict[str, Any], project: Project, platform: Platform) -> Iterator[str]:
    registry = platform.registry
    wanted = f"{registry.host}/{registry.namespace}/{project.metadata.name}"
    if publication.get("image") != wanted:
        yield f"the image is {publication.get('image')!r}, and this project's is {wanted}"
    if not _DIGEST.fullmatch(str(publication.get("digest", ""))):
        yield "publication.json has no digest of the image (sha256:…)"


def _metrics(metrics: dict[str, Any]) -> dict[str, float]:
    overall = metrics.get("overall")
    found = overall.items() if isinstance(overall, dict) else ()
    values = {name: it.get("value") for name, it in found if isinstance(it, dict)}
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
