"""Base images are named by digest: a tag may be another image tomorrow."""

from __future__ import annotations

import re
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.dockerfile.base_dockerfile_check import BaseDockerfileCheck

_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


class BaseImageDigest(BaseDockerfileCheck):
    """Every FROM and COPY --from that leaves the file ends in @sha256:<64 hex digits>."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure that images are pinned by digest",
            id="CKV_GLEIS_DOCKER_1",
            categories=(CheckCategories.SUPPLY_CHAIN,),
            supported_instructions=("*",),
        )

    def scan_resource_conf(
        self, conf: dict[str, list[Any]]
    ) -> tuple[CheckResult, list[Any] | None]:
        defaults = dict(_default(each["value"]) for each in conf.get("ARG", []))
        stages: set[str] = {"scratch"}
        loose = []
        for each in sorted(
            conf.get("FROM", []) + conf.get("COPY", []), key=lambda each: each["startline"]
        ):
            words = each["value"].split()
            image = _image(each["instruction"], words)
            if image is not None:
                image = _resolved(image, defaults)
                if image.lower() not in stages and not _DIGEST.fullmatch(image):
                    loose.append(each)
            if each["instruction"] == "FROM":
                stages.add(str(sum(name.isdigit() for name in stages)))
                if len(words) >= 3 and words[-2].upper() == "AS":
                    stages.add(words[-1].lower())
        return (CheckResult.FAILED, loose) if loose else (CheckResult.PASSED, None)


def _image(instruction: str, words: list[str]) -> str | None:
    if instruction == "FROM":
        return next((word for word in words if not word.startswith("--")), "")
    options = (word for word in words if word.startswith("--from="))
    return next((word.removeprefix("--from=") for word in options), None)


def _default(argument: str) -> tuple[str, str]:
    name, _, value = argument.partition("=")
    return name.strip(), value.strip().strip("\"'")


def _resolved(image: str, defaults: dict[str, str]) -> str:
    """`image` with build arguments replaced by their defaults; one without a default is empty."""
    return _VARIABLE.sub(
        lambda match: defaults.get(match.group(1) or match.group(3)) or match.group(2) or "", image
    )


check = BaseImageDigest()
