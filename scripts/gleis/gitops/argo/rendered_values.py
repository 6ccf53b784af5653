"""Values of add-ons that follow from platform.yaml: `rendered.yaml` beside their own values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops import alert_routes, customizations
from gleis.gitops.argo import size
from gleis.gitops.argo.addons import FOLDER
from gleis.gitops.argo.sources import enabled
from gleis.gitops.platform_values import needed
from gleis.gitops.yaml_text import text

FILE = "rendered.yaml"
HEALTH = "argocd/health"


def render(root: Path, platform: Platform) -> dict[str, str]:
    """File below the checkout => its text, for the enabled add-ons that need one."""
    made = {
        "argo-cd": _argo_cd(root, platform),
        "kube-prometheus-stack": {**_grafana(platform), **alert_routes.values(platform)},
    }
    head = "# Rendered from platform.yaml and argocd/health by `gleis render`: edit those.\n"
    return {
        f"{FOLDER}/{name}/{FILE}": text([values], head)
        for name, values in made.items()
        if name in enabled(platform)
    }


def _argo_cd(root: Path, platform: Platform) -> dict[str, Any]:
    said = needed(platform)
    found = size.of(platform)
    values = size.values(found)
    host = f"argocd.{said.domain}"
    values["global"] = {"domain": host}
    cm = values["configs"]["cm"]
    cm["url"] = f"https://{host}"
    if said.identity:
        cm["oidc.config"] = (
            f"name: {platform.organisation.name}\n"
            f"issuer: {said.identity.issuer}\n"
            f"clientID: {said.identity.client_id}\n"
            "clientSecret: $argocd-oidc:clientSecret\n"
            "requestedScopes: [openid, profile, email, groups]\n"
        )
    cm |= customizations.config_map(root / HEALTH)
    if said.identity and said.identity.admins:
        # Everybody else has the roles of their AppProjects.
        policy = f"g, {said.identity.admins}, role:admin\n"
        values["configs"]["rbac"] = {"policy.csv": policy}
    return values


def _grafana(platform: Platform) -> dict[str, Any]:
    host = f"grafana.{needed(platform).domain}"
    return {"grafana": {"grafana.ini": {"server": {"root_url": f"https://{host}"}}}}
