"""READMEs of charts: what values.yaml and the schema say, and nothing that they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gleis.gitops import chart_docs, charts

ROOT = Path(__file__).parents[2]
VALUES = """\
# yaml-language-server: $schema=values.schema.json

# Who it is: <team>/<project>.
tenant: {}
# How many,
# at the same time.
copies: 3

# A comment that belongs to nothing.

# A group.
net:
  # The port | number.
  port: 8080
  hosts: {a: 1}
# No group: nothing within is explained.
limits:
  cpu: 1
bare: true
"""
SCHEMA = """\
{"properties": {
  "copies": {"type": "integer", "minimum": 1, "maximum": 5},
  "net": {"properties": {"port": {"$ref": "#/definitions/port"}, "hosts": {"type": "object"}}},
  "limits": {"type": ["object", "null"]},
  "bare": {"enum": [true, false]}
}, "definitions": {"port": {"type": "integer", "minimum": 1}}}
"""
TEMPLATE = """\
apiVersion: v1
kind: Service
---
apiVersion: {{ include "x.api" . }}
kind: {{ .kind }}
---
apiVersion: apps/v1
kind: Deployment
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    folder = tmp_path / charts.FOLDER / "some"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("name: some\ndescription: |\n  Makes\n  some.\n")
    (folder / "values.yaml").write_text(VALUES)
    (folder / "values.schema.json").write_text(SCHEMA)
    (folder / "templates" / "_objects.tpl").write_text(TEMPLATE)
    return chart_docs.render(tmp_path)["argocd/charts/some/README.md"]


def test_an_option_is_shown_with_type_default_and_comment(page: str) -> None:
    assert "| `copies` | integer, 1 to 5 | `3` | How many, at the same time. |" in page
    assert "| `net.port` | integer, 1 or more | `8080` | The port \\| number. |" in page
    assert "| `bare` | `true`, `false` | `true` |  |" in page


def test_a_group_is_shown_before_its_options_unless_none_of_them_is_explained(page: str) -> None:
    assert "| `net` |  |  | A group. |\n| `net.port` |" in page
    assert '| `limits` | object or null | `{"cpu": 1}` | No group: nothing within is expl' in page
    assert "belongs to nothing" not in page


def test_records_are_told_apart_from_options(page: str) -> None:
    assert "| `tenant` | Who it is: &lt;team>/&lt;project>. |" in page
    assert "Makes some." in page


def test_kinds_that_stand_in_the_templates_are_listed(page: str) -> None:
    assert "- Deployment (apps/v1)\n- Service (v1)\n" in page
    assert "{{" not in page


def test_a_checkout_without_charts_has_no_pages(tmp_path: Path) -> None:
    assert chart_docs.render(tmp_path) == {}


@pytest.mark.parametrize("name", sorted(charts.find(ROOT / charts.FOLDER)))
def test_every_option_of_ours_says_what_it_is_for(name: str) -> None:
    chart = charts.find(ROOT / charts.FOLDER)[name]
    text = (ROOT / charts.FOLDER / name / charts.DEFAULTS).read_text()
    found = chart_docs.options(text, chart.defaults)
    told = {each.path for each in found if each.comment}

    for option in found:
        assert any(option.path[: len(path)] == path for path in told), ".".join(option.path)
        if option.path[0] not in chart_docs.RECORDS:
            said = chart_docs.kind(chart.schema, option.path)
            assert said, f"the schema does not know {'.'.join(option.path)}"


@pytest.mark.parametrize("name", sorted(charts.find(ROOT / charts.FOLDER)))
def test_a_readme_is_as_rendered(name: str) -> None:
    committed = ROOT / charts.FOLDER / name / "README.md"

    assert committed.read_text() == chart_docs.render(ROOT)[f"argocd/charts/{name}/README.md"]
