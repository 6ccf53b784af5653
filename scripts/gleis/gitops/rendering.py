"""What of argocd/ is rendered, and what lies there that no longer is."""

from __future__ import annotations

from pathlib import Path

from gleis.contract.platform import Platform
from gleis.gitops import admission_values, chart_docs, compat, platform_values, queues
from gleis.gitops.argo import (
    addons,
    applicationsets,
    bootstrap,
    clusters,
    node_pools,
    rendered_values,
    workspaces,
)
from gleis.gitops.argo.addons import Addon
from gleis.gitops.errors import GitopsError
from gleis.tools.derived import Difference

# Folders that hold nothing but rendered files: what else is there was rendered once.
OWNED = (queues.FOLDER, applicationsets.FOLDER, node_pools.POOLS)


def render(root: Path, platform: Platform) -> dict[str, str]:
    """File below the checkout `root` => its text. Raises GitopsError, ContractError.

    An organisation without `kubernetes` in its platform.yaml has the charts' READMEs only.
    """
    found = dict(chart_docs.render(root))
    if platform.kubernetes is None:
        return found
    for part in (platform_values, queues, admission_values, applicationsets, bootstrap):
        found |= part.render(platform)
    if (root / clusters.FILE).is_file():
        registered = clusters.load(root, platform)
        enabled = addons.load(root, platform, registered)
        _together(root, platform, enabled)
        found |= bootstrap.render(platform, [each.repository for each in enabled])
        found |= clusters.render(registered) | node_pools.render(platform, registered)
        found |= rendered_values.render(root, platform) | workspaces.render(root, platform)
    return found


def _together(root: Path, platform: Platform, enabled: tuple[Addon, ...]) -> None:
    """Refuse what does not go together. Raises GitopsError."""
    versions = [(each.name, each.version) for each in enabled]
    said = compat.out_of_range(compat.load(root), platform, versions)
    if said:
        raise GitopsError("\n".join(said))


def left_over(root: Path, wanted: dict[str, str]) -> list[str]:
    """Files of the owned folders that nothing renders any more, such as a gone cluster's queues."""
    return [
        name
        for folder in OWNED
        for name in sorted(f"{folder}/{each.name}" for each in (root / folder).glob("*.yaml"))
        if name not in wanted
    ]


def remove(root: Path, wanted: dict[str, str]) -> list[str]:
    """Delete what is left over; returns the names."""
    gone = left_over(root, wanted)
    for name in gone:
        (root / name).unlink()
    return gone


def differences(root: Path, wanted: dict[str, str]) -> list[Difference]:
    """What is left over, as differences."""
    return [
        Difference("argocd", name, "is no longer rendered from platform.yaml: delete it")
        for name in left_over(root, wanted)
    ]
