"""What Checkov's own checks of USER let through: root by number, and a last stage without USER."""

from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.dockerfile.base_dockerfile_check import BaseDockerfileCheck


class FinalUser(BaseDockerfileCheck):
    """CKV_DOCKER_3 wants a USER in any stage, CKV_DOCKER_8 refuses `root` alone."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure that the last stage runs as a user other than root",
            id="CKV_GLEIS_DOCKER_2",
            categories=(CheckCategories.IAM,),
            supported_instructions=("*",),
        )

    def scan_resource_conf(
        self, conf: dict[str, list[Any]]
    ) -> tuple[CheckResult, list[Any] | None]:
        users = conf.get("USER", [])
        if not users or users[-1]["value"] == "root":
            return CheckResult.PASSED, None  # CKV_DOCKER_3 and CKV_DOCKER_8 speak of these
        last_stage = max((each["startline"] for each in conf.get("FROM", [])), default=0)
        final = users[-1]
        if final["startline"] < last_stage:
            return CheckResult.FAILED, conf["FROM"][-1:]
        user = final["value"].split(":")[0].strip()
        if user in ("root", "") or user.startswith("$") or (user.isdigit() and int(user) == 0):
            return CheckResult.FAILED, [final]
        return CheckResult.PASSED, None


check = FinalUser()
