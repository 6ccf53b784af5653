"""The platform that lies in this repository, with tenants: nothing to object to, all validated."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.argocd import rig

from gleis.gitops.preview.preview import Request, preview

from . import synthetic
from .conftest import use_helm


@pytest.mark.parametrize("major", rig.MAJORS)
def test_it_is_clean_and_every_object_is_validated(
    tmp_path: Path,
    custom_schemas: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    major: int,
) -> None:
    use_helm(request, monkeypatch, major)
    root = tmp_path / "platform"
    root.mkdir()
    file = synthetic.platform(root, argocd=synthetic.REPO / "argocd")
    synthetic.write(root, 6)
    found = preview(Request(file, cache=tmp_path / "cache"))
    assert [f"{each.place} {each.message}" for each in found.findings] == []
    assert not found.unvalidated
    assert found.objects > 6 * 3 * 20
    # What lies in other projects' Helm repositories is named, not passed over.
    assert all(each.startswith("chart ") and " of " in each for each in found.elsewhere)
