"""The state of a team's projects, and the part of it that is one project's.

The stack `tenants` keeps one state for each team and environment (terraform/stacks/README.md) and
makes each project under `module.project["<name>"]`. A project's own `infra/` calls the same module
as `module.project`, so that the part, renamed, is what its plan has to be held against.

Shape: version 4 of Terraform's state, which every version since 0.12 writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gleis.contract.platform import Platform
from gleis.infra.errors import InfraError

_VERSION = 4
_CALL = "module.project"
# Not the lineage of what it was cut from: Terraform refuses to push this over the team's state.
LINEAGE = "gleis-infra-plan"


@dataclass(frozen=True)
class Backend:
    """Where a state lies: Terraform's name for the kind of place, and its settings."""

    type: str
    settings: Mapping[str, str | bool]

    def configuration(self) -> str:
        """The text of a `backend.tf.json`."""
        return json.dumps({"terraform": {"backend": {self.type: dict(self.settings)}}}, indent=2)


def backend(platform: Platform, cloud: str, environment: str, team: str) -> Backend | None:
    """Where the state of a team's projects lies; None where platform.yaml names no place."""
    states = platform.infra.states if platform.infra else {}
    settings = states.get(cloud, {}).get(environment)
    if settings is None:
        return None
    state = f"{environment}/tenants/{team}"
    if cloud == "aws":
        return Backend("s3", {**settings, "key": f"{state}.tfstate"})
    if cloud == "azure":
        # Read as the signed-in identity: the keys of a storage account open all of it.
        own: dict[str, str | bool] = {
            "subscription_id": platform.clouds[cloud].accounts.get(environment, ""),
            "key": f"{state}.tfstate",
            "use_azuread_auth": True,
        }
        return Backend("azurerm", {**settings, **own})
    return Backend("gcs", {**settings, "prefix": state})


def read(text: str) -> dict[str, Any]:
    """The state in what `terraform state pull` prints, {} where there is none. InfraError."""
    try:
        state = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise InfraError(f"the team's state is not JSON ({error}): was it cut off?") from None
    if state and (not isinstance(state, dict) or state.get("version") != _VERSION):
        raise InfraError(
            f"the team's state is not of version {_VERSION}: apply its stack with Terraform 1.11 "
            "or newer"
        )
    return dict(state)


def of_project(state: Mapping[str, Any], project: str) -> dict[str, Any]:
    """A state with what `project` has, as its own `infra/` calls it, and nothing of anybody else.

    Outputs and the results of checks speak of all projects: they are left out. What data sources
    read is read anew by every plan.
    """
    own = f"{_CALL}[{json.dumps(project)}]"
    return {
        "version": _VERSION,
        "terraform_version": state.get("terraform_version", ""),
        "serial": 1,
        "lineage": LINEAGE,
        "outputs": {},
        "resources": [
            {
                **each,
                "module": _CALL + each["module"].removeprefix(own),
                "instances": [_instance(one) for one in each.get("instances", ())],
            }
            for each in state.get("resources", ())
            if each.get("mode") == "managed" and _is_in(each.get("module", ""), own)
        ],
        "check_results": None,
    }


def inputs_of(state: Mapping[str, Any], project: str) -> dict[str, Any] | None:
    """What the module of `project` was given besides its record (output `inputs` of the stack).

    None where the state does not say: nothing was applied yet, or by an older platform.
    """
    value = state.get("outputs", {}).get("inputs", {}).get("value")
    found = value.get(project) if isinstance(value, dict) else None
    return dict(found) if isinstance(found, dict) else None


def _is_in(module: str, own: str) -> bool:
    return module == own or module.startswith(f"{own}.")


def _instance(instance: Mapping[str, Any]) -> dict[str, Any]:
    """Dependencies are named without keys, so those inside of the module need no other name."""
    needed = instance.get("dependencies")
    if needed is None:
        return dict(instance)
    return {**instance, "dependencies": [each for each in needed if _is_in(each, _CALL)]}
