"""The page says what the evidence says, whole or broken, and runs nothing that it holds."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gleis.report import build

VOID = {"meta", "link", "br", "hr", "img", "input", "area", "base", "col", "wbr"}
SELF_CLOSED_IN_SVG = {"path", "rect", "use", "circle", "line"}
SECTIONS = ["timeline", "lineage", "origins", "metrics", "gate", "plots", "slices", "champion"]
SECTIONS += ["sops", "smoke", "card", "evidence"]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\u202e\ud800</style>"


class Page(HTMLParser):
    """Reads a page strictly: every tag closed in order; text and attributes kept."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.errors: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        self.errors += [f"<{tag}> stays open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID | SELF_CLOSED_IN_SVG:
            self.errors.append(f"<{tag}/> closes nothing in HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(params=["passed", "regression", "refused", "site"])
def any_site(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_every_report_is_well_formed_and_has_all_sections(any_site: Any) -> None:
    page = Page(build(any_site.root))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert page.errors == []
    assert len(ids) == len(set(ids))
    assert [name for name in SECTIONS if name not in ids] == []


def test_nothing_is_loaded_from_anywhere(any_site: Any) -> None:
    page = Page(build(any_site.root))
    for tag, attrs in page.tags:
        assert tag not in {"script", "iframe", "object", "embed", "link", "img", "base", "form"}
        assert "src" not in attrs
        assert not [name for name in attrs if name.startswith("on")]
        if tag != "a":
            assert (attrs.get("href") or "#").startswith("#")
    policy = [a["content"] for t, a in page.tags if a.get("http-equiv")]
    assert policy[0] is not None
    assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_every_picture_has_words_and_every_header_cell_a_scope(any_site: Any) -> None:
    for tag, attrs in Page(build(any_site.root)).tags:
        if tag == "svg":
            assert attrs.get("aria-hidden") == "true" or attrs.get("aria-label")
        if attrs.get("role") in {"img", "region"}:
            assert attrs.get("aria-label")
        if tag == "th":
            assert attrs.get("scope") in {"col", "row", "colgroup"}


def test_the_same_evidence_gives_the_same_text(passed: Any) -> None:
    assert build(passed.root) == build(passed.root)


def test_a_good_run_says_what_was_built_from_what(passed: Any) -> None:
    text = Page(build(passed.root)).text
    for words in (
        "bearing-wear passed",
        "10 stages passed: 10 executed, 0 unchanged",
        "version 4, champion",
        "3f9a1c0de4b7 on main",
        "d47a" * 16,
        "57c0" * 16,
        "f1_macro primary, higher is better 0.9312",
        "0.9072 to 0.9552",
        "No open findings: 10 SOPs ran, 1 finding waived.",
        "drivetrain-ml@example.com",
        "2026-12-31",
        "13.7 ms, within the objective of 200 ms",
        "better, intervals overlap",
        "release holds this model",
        "Warns the maintenance crew",
    ):
        assert words in text
    assert "earlier run" not in text


def test_a_regression_draws_both_scatter_plots(regression: Any) -> None:
    html = build(regression.root)
    assert html.count('class="scatter"') == 2
    assert "≤ 62" in html
    assert "There was no champion yet" in html


def test_a_refused_gate_stands_on_top_with_what_to_do(refused: Any) -> None:
    text = Page(build(refused.root)).text
    assert text.index("Why evaluate failed") < text.index("Timeline 2026")
    assert "f1_macro 0.8923 on machine_type=mill & drill is below the floor 0.9" in text
    assert "Improve the model or its data." in text
    assert "with uncommitted changes" in text
    assert "nothing by this run (earlier: version 4)" in text
    assert "From an earlier run:" in text
    assert "There was no champion yet" in text


def test_what_a_skipped_stage_left_earlier_is_not_taken_for_this_run(refused: Any) -> None:
    text = Page(build(refused.root)).text
    lineage = text[text.index("Data → Training") : text.index("Built from")]
    assert "release holds this model" not in lineage
    assert "smoke was skipped in the last run" in re.sub(r" +", " ", text)


def test_an_empty_project_says_that_nothing_ran(site: Any) -> None:
    text = Page(build(site.root)).text
    assert "no run yet" in text
    assert "Nothing has run here yet" in text
    assert str(site.root) not in text


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (".gleis/run/pipeline.json", "is not valid JSON (line 1, column 11)"),
        (".gleis/run/train.json", "is not valid JSON (line 1, column 11)"),
        (".gleis/out/metrics.json", "No metrics: the model has not been evaluated"),
        (".gleis/out/data/data.json", "The data has not been checked"),
        ("project.yaml", "is missing or not valid"),
        (".copier-answers.yml", "the template version is not known"),
    ],
)
def test_a_half_written_file_is_named_and_the_rest_still_shown(
    passed: Any, file: str, words: str
) -> None:
    path = passed.root / file
    path.write_bytes(b'{"_type": "https://' if file.endswith("json") else b"a: [")
    page = Page(build(passed.root))
    assert page.errors == []
    assert words in page.text
    assert "Confusion matrix" in page.text or file.endswith("metrics.json")


def every_json(root: Path) -> list[Path]:
    return sorted((root / ".gleis").rglob("*.json"))


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"7", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"predicate": []}'],
)
def test_no_content_of_any_file_makes_it_fail(passed: Any, content: bytes) -> None:
    for path in every_json(passed.root):
        path.write_bytes(content)
    assert Page(build(passed.root)).errors == []


def twisted(value: Any, leaf: Any) -> Any:
    """`value` with each of its leaves replaced."""
    if isinstance(value, dict):
        return {key: twisted(entry, leaf) for key, entry in value.items()}
    return [twisted(entry, leaf) for entry in value] if isinstance(value, list) else leaf


@pytest.mark.parametrize(
    "leaf",
    [None, True, -1, 0, 1e308, float("nan"), 10**400, "x" * 5000, HOSTILE, [], {"a": [1]}],
    ids=["null", "true", "minus", "zero", "huge", "nan", "longer", "text", "hostile", "[]", "{}"],
)
@pytest.mark.parametrize("kind", ["passed", "regression"])
def test_no_value_of_any_field_makes_it_fail(
    kind: str, leaf: Any, request: pytest.FixtureRequest
) -> None:
    site = request.getfixturevalue(kind)
    for path in every_json(site.root):
        path.write_text(json.dumps(twisted(json.loads(path.read_text()), leaf)), encoding="utf-8")
    html = build(site.root)
    assert Page(html).errors == []
    assert html.encode("utf-8")
    assert len(html.encode()) < 300_000


def hostile(value: Any) -> Any:
    """Every text but those that steer the page turned hostile; names people choose as well."""
    if isinstance(value, dict):
        free = {"press", "lathe", "machine_type", "accuracy", "python", "passed", "p50", "train"}
        return {key + HOSTILE * (key in free): hostile(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [hostile(entry) for entry in value]
    return value + HOSTILE if isinstance(value, str) and value not in KEPT else value


KEPT = {"executed", "passed", "f1_macro", "floor", "champion", "overall"}


def test_hostile_texts_stay_texts(passed: Any) -> None:
    for path in every_json(passed.root):
        told = hostile(json.loads(path.read_text()))
        path.write_text(json.dumps(told), encoding="utf-8")
    card = f"# Card {HOSTILE}\n\n[x](javascript:alert(1)) ![i](https://example.com/x.png)\n"
    (passed.root / "docs/model-card.md").write_bytes(card.encode("utf-8", "replace"))
    html = build(passed.root)
    page = Page(html)
    assert page.errors == []
    assert "&lt;script&gt;alert(1)" in html
    assert "49\ufffd" not in html
    assert not [t for t, a in page.tags if t in {"script", "img"} or "onerror" in a]
    assert not [a for t, a in page.tags if t == "a" and "javascript" in (a["href"] or "")]
    assert html.count("</style>") == 1


def test_a_changed_file_is_told_from_an_unchanged_one(passed: Any) -> None:
    path = passed.root / ".gleis/out/metrics.json"
    path.write_text(path.read_text().replace("0.9312", "0.9912"), encoding="utf-8")
    text = Page(build(passed.root)).text
    assert "was changed after its evidence was written" in text
    assert "differs" in text


def test_digests_that_do_not_agree_break_the_lineage(passed: Any) -> None:
    path = passed.root / ".gleis/out/train.json"
    path.write_text(path.read_text().replace("d47a" * 16, "0000" * 16), encoding="utf-8")
    assert "data digest differs: d47ad47ad47a, 000000000000" in Page(build(passed.root)).text


def test_open_findings_are_grouped_with_the_cure(passed: Any) -> None:
    finding = {"rule": "SOP-006", "severity": "critical", "message": "A key in `src/a.py`"}
    cure = {"remediation": "Move it to the secret store.", "file": "src/a.py", "line": 3}
    rules = [{"id": "SOP-006", "title": "No secrets in the repo", "severity": "critical"}]
    passed.statement("sop", verdict="failed", findings=[finding | cure], details={"rules": rules})
    text = Page(build(passed.root)).text
    assert "1 open finding; 1 SOP ran." in text
    assert "src/a.py:3" in text
    assert "Move it to the secret store." in text


def test_an_unfinished_run_is_called_interrupted(passed: Any) -> None:
    passed.pipeline({"train": "cancelled", "evaluate": "cancelled"}, verdict="")
    assert "The run did not finish." in Page(build(passed.root)).text


def test_a_run_that_calls_itself_passed_with_a_failed_stage_is_not_believed(passed: Any) -> None:
    passed.pipeline({"smoke": "failed"}, verdict="passed")
    assert "bearing-wear failed" in Page(build(passed.root)).text


def test_broken_data_is_named_by_column_and_rows(passed: Any) -> None:
    reason = "the data breaks its contract"
    passed.statement("data-check", verdict="failed", reason=reason)
    broken = {"column": "mean_radius", "rule": "in_range(0, 100)", "rows": [4, 17], "count": 2}
    passed.write(".gleis/out/data/failures.json", {"failures": [broken]})
    passed.pipeline({"data-check": "failed"}, verdict="failed")
    text = Page(build(passed.root)).text
    assert "column mean_radius: 2 rows break in_range(0, 100) (rows 4, 17)" in text


def test_paths_outside_the_project_are_not_opened(passed: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret", encoding="utf-8")
    passed.statement("lint", {str(outside): "0" * 64, "../outside.txt": "0" * 64})
    assert Page(build(passed.root)).text.count("not checked") >= 2
