"""What argocd-cm gets of argocd/health: the checks, and the differences to leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.gitops import customizations

from . import lua


def test_argo_cd_is_told_the_checks_and_the_differences_under_the_keys_it_reads() -> None:
    entries = customizations.config_map(lua.HEALTH)

    key = "resource.customizations.health.trainer.kubeflow.org_TrainJob"
    assert (
        entries[key]
        == (lua.HEALTH / "trainer.kubeflow.org" / "TrainJob" / "health.lua").read_text()
    )
    key = "resource.customizations.ignoreDifferences.batch_Job"
    assert "/spec/suspend" in yaml.safe_load(entries[key])["jsonPointers"]
    assert "why" not in yaml.safe_load(entries[key])
    assert list(entries) == sorted(entries)
    health = [key for key in entries if ".health." in key]
    assert len(health) == len(lua.folders())


def test_a_difference_is_left_alone_by_a_sync_too_not_only_hidden() -> None:
    assert "RespectIgnoreDifferences=true" in customizations.sync_options(lua.HEALTH)


@pytest.mark.parametrize("ways", [{"why": "no way"}, {"why": "typo", "jsonPointer": ["/spec"]}])
def test_a_way_to_ignore_that_argo_cd_does_not_know_is_refused(
    ways: dict[str, Any], tmp_path: Path
) -> None:
    document = {"syncOptions": [], "kinds": {"batch/Job": ways}}
    (tmp_path / "ignore-differences.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ValueError, match=r"batch/Job: .*give jsonPointers"):
        customizations.config_map(tmp_path)
