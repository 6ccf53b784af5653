"""Named templates that all charts share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from gleis.contract import names, schema

from . import rig
from .cases import CASES, Case
from .rig import programs

NAMES = [
    (["drivetrain", "bearing-wear", "dev"], 63),
    (["drivetrain", "bearing-wear", "dev"], 28),
    (["drivetrain", "bearing-wear", "staging"], 28),
    (["a" * 40, "b" * 40, "prod"], 63),
    (["a" * 40, "b" * 21, "dev"], 63),
    (["vision", "surface--defects", "dev"], 63),
    (["vision-", "x"], 10),
    (["1st", "line"], 63),
    (["Upper", "Case"], 63),
    (["under_score", "dev"], 20),
    (["-", "-"], 63),
    (["ends-", "-"], 12),
]


def test_names_are_cut_as_the_contract_cuts_them(helm: int, tmp_path: Path) -> None:
    """Record, Terraform and charts must come to the same name, or a pod has no identity."""
    chart = tmp_path / "names"
    shutil.copytree(rig.CHARTS / "library", chart / "charts" / "library")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: names, version: 0.0.0}\n")
    (chart / "values.yaml").write_text(
        yaml.safe_dump({"names": [{"parts": parts, "limit": limit} for parts, limit in NAMES]})
    )
    (chart / "templates" / "names.yaml").write_text(
        'kind: List\nnames:\n{{- range .Values.names }}\n  - {{ include "gleis.fit" . | quote }}\n'
        "{{- end }}\n"
    )
    done = programs.run([str(rig.helm(helm)), "template", str(chart)], tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = rig.parse(done.stdout)

    assert found["names"] == [names.fit(*parts, limit=limit) for parts, limit in NAMES]


@pytest.mark.parametrize("chart", rig.charts())
def test_helm_itself_brings_the_library_to_a_chart(chart: str, helm: int, tmp_path: Path) -> None:
    """Argo CD builds what a chart depends on; the rig only copies it."""
    shutil.copytree(rig.CHARTS, tmp_path / "charts")
    folder = tmp_path / "charts" / chart
    build = [str(rig.helm(helm)), "dependency", "build", "--skip-refresh", str(folder)]
    done = programs.run(build, tmp_path)
    assert done.returncode == 0, done.stderr

    assert [each.name for each in (folder / "charts").iterdir()] == ["library-0.0.0.tgz"]


@pytest.mark.parametrize("file", sorted(rig.CHARTS.glob("*/templates/*")), ids=lambda it: it.name)
def test_no_template_asks_for_what_is_not_handed_to_it(file: Path) -> None:
    """Time, chance, files and the cluster would make batch and single output differ."""
    text = file.read_text()

    for word in (
        ".Files",
        "lookup",
        " now",
        "randAlpha",
        "uuidv4",
        "genCA",
        ".Template",
        ".Subcharts",
    ):
        assert word not in text, f"{file.name} uses {word.strip()}"


@pytest.mark.parametrize("it", CASES, ids=lambda it: it.name)
def test_the_cases_are_records_as_gleis_writes_them(it: Case) -> None:
    head = {"apiVersion": "gleis/v1"}
    record = {**head, "kind": "Tenant", "tenant": it.tenant}
    live = {
        **head,
        "kind": "TenantEnvironment",
        "environment": it.environment,
        "release": it.release,
    }

    assert schema.conforms(record, "tenant") == []
    assert schema.conforms(live, "tenant") == []
