"""The running build. Nobody else reads a variable of Jenkins."""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.errors import GleisError
from gleis.findings import Finding, Severity
from gleis.pipeline.ci.jenkins.pipeline import IDENTITY, IDENTITY_FILE
from gleis.tools.files import write_atomic

ATTACHMENTS = Path(".gleis/ci")  # what `publish()` of the pipeline shows, by stage


@dataclass(frozen=True)
class Build:
    """A build of a multibranch job; `workspace` is where its files lie."""

    event: str
    branch: str | None
    commit: str | None
    change_request: str | None
    build_url: str | None
    workspace: Path
    token_file: Path | None = None
    stage: str = "build"
    name: str = "jenkins"
    approved_by: str = ""

    def approver(self, environment: str) -> str:  # noqa: ARG002 - a delivery is for one
        """Who answered the `input` step of this delivery."""
        return self.approved_by

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Leave them as SARIF where `publish()` of the pipeline looks (warnings-ng shows them)."""
        self._write("findings.sarif", json.dumps(_sarif(findings), indent=2) + "\n")

    def publish_summary(self, markdown: str) -> None:
        """Jenkins shows no Markdown: it is archived with the build."""
        self._write("summary.md", markdown)

    def store_artifact(self, path: Path) -> None:
        """Copy it to what is archived with the build."""
        target = self._folder() / path.name
        shutil.copyfile(path, target)

    def oidc_token(self, audience: str) -> str:
        """The token that the oidc-provider plugin made for this job, if it is for `audience`."""
        if self.token_file is None:
            raise GleisError(
                f"there is no identity token for {audience}: the job does not ask for one. Give it "
                f"the permission id-token in ci/pipeline.yaml, and the folder of the project the "
                f"credential {IDENTITY} (jenkins/README.md)"
            )
        try:
            token = self.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise GleisError(
                f"the identity token in {self.token_file} cannot be read: {error.strerror}. Make "
                f"the credential {IDENTITY} one of the kind 'OpenID Connect id token as file'"
            ) from error
        meant = _audience(token)
        if audience not in meant:
            raise GleisError(
                f"the identity token is for {', '.join(meant) or 'nobody'}, not for {audience}: "
                f"set the audience of the credential {IDENTITY} (jenkins/README.md)"
            )
        return token

    def _write(self, name: str, text: str) -> None:
        write_atomic(self._folder() / name, text)

    def _folder(self) -> Path:
        """Of this stage alone: what several agents archive under one name is lost but for one."""
        folder = self.workspace / ATTACHMENTS / self.stage
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def detect(environ: Mapping[str, str]) -> Build | None:
    """The build that the variables of Jenkins tell of, None where there are none."""
    if not environ.get("JENKINS_URL") or not environ.get("BUILD_NUMBER"):
        return None
    token = environ.get(IDENTITY_FILE)
    return Build(
        event=environ.get("GLEIS_EVENT") or _event(environ),
        branch=environ.get("CHANGE_BRANCH") or environ.get("BRANCH_NAME"),
        commit=environ.get("GIT_COMMIT"),
        change_request=environ.get("CHANGE_ID"),
        build_url=environ.get("BUILD_URL"),
        approved_by=environ.get("GLEIS_APPROVER", ""),
        workspace=Path(environ.get("WORKSPACE") or "."),
        token_file=Path(token) if token else None,
        stage=re.sub(r"[^A-Za-z0-9 _-]", "-", environ.get("STAGE_NAME") or "build"),
    )


def _event(environ: Mapping[str, str]) -> str:
    """For a build that is not `mlPipeline`'s; what is not known is what may do least."""
    if environ.get("TAG_NAME") and not environ.get("CHANGE_ID"):
        return "tag"
    if environ.get("BRANCH_NAME") == "main" and not environ.get("CHANGE_ID"):
        return "main"
    return "pull-request"


def _audience(token: str) -> list[str]:
    """Whom a JSON Web Token says it is for. Its signature is for them to check, not for us."""
    try:
        body = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["aud"]
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return []
    return [said] if isinstance(said, str) else [str(each) for each in said]


_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}


def _sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """SARIF 2.1.0, as much of it as warnings-ng shows."""
    results = [
        {
            "ruleId": each.rule,
            "level": "none" if each.waiver else _LEVELS.get(each.severity, "note"),
            "message": {"text": f"{each.message}. {each.remediation}"},
            "locations": list(_locations(each)),
        }
        for each in findings
    ]
    rules = [{"id": rule} for rule in dict.fromkeys(each.rule for each in findings)]
    tool = {"driver": {"name": "gleis", "rules": rules}}
    return {"version": "2.1.0", "runs": [{"tool": tool, "results": results}]}


def _locations(finding: Finding) -> Iterator[dict[str, Any]]:
    if finding.file is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
        if finding.line is not None:
            place["region"] = {"startLine": finding.line}
        yield {"physicalLocation": place}
