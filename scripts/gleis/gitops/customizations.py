"""What Argo CD has to be told about kinds it does not know: health checks, and what others change.

`argocd/health/` holds both, in the layout that Argo CD's own source has; here they become entries
of the ConfigMap argocd-cm (https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ and
…/user-guide/diffing/).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SCRIPT = "health.lua"
DIFFERENCES = "ignore-differences.yaml"
_WAYS = ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")


def config_map(health: Path) -> dict[str, str]:
    """The entries of argocd-cm that the folder `argocd/health` stands for, sorted by key.

    Raises ValueError for an entry of ignore-differences.yaml that Argo CD would not understand.
    """
    entries = {}
    for script in health.glob(f"*/*/{SCRIPT}"):
        group, kind = script.relative_to(health).parts[:2]
        entries[f"resource.customizations.health.{group}_{kind}"] = script.read_text()
    for name, ways in differences(health)["kinds"].items():
        key = f"resource.customizations.ignoreDifferences.{name.replace('/', '_')}"
        entries[key] = yaml.safe_dump({way: ways[way] for way in _WAYS if way in ways})
    return dict(sorted(entries.items()))


def sync_options(health: Path) -> tuple[str, ...]:
    """The sync options without which an ignored difference is hidden, and still overwritten."""
    return tuple(differences(health)["syncOptions"])


def differences(health: Path) -> Mapping[str, Any]:
    """The content of ignore-differences.yaml. Raises ValueError for what is no way to ignore."""
    file = health / DIFFERENCES
    document: Mapping[str, Any] = yaml.safe_load(file.read_text())
    for name, ways in document["kinds"].items():
        unknown = sorted(set(ways) - {"why", *_WAYS})
        if unknown or not set(ways) & set(_WAYS):
            what = f"{', '.join(unknown)} is unknown" if unknown else "ignores nothing"
            raise ValueError(f"{file}: {name}: {what}; give {', '.join(_WAYS)}, and why")
    return document
