"""The report in a real browser: it fits a phone, follows the dark scheme, prints, loads nothing."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gleis.report import build
from gleis.tools import catalogue

pytestmark = [pytest.mark.real, pytest.mark.needs("chromium")]

QUIET = ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DARK = "--blink-settings=preferredColorScheme=0"  # what Chromium calls mojom kDark

# The page forbids scripts; the probe is put into a copy whose policy is taken out. It measures in
# a frame of a given width, because a headless window does not get narrower than 500 pixels.
PROBE = """<!DOCTYPE html><iframe id="page" style="border:0;width:%dpx;height:800px"></iframe>
<pre id="found"></pre><script>
const frame = document.getElementById("page");
frame.onload = () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  const width = page.documentElement.clientWidth;
  const inside = e => e.closest(".scroll, pre, .prose-table, .skip, .defs, [aria-hidden=true]");
  const wide = [...page.body.querySelectorAll("*")].filter(e => !inside(e) &&
    e.getBoundingClientRect().right > width + 1).map(e => e.tagName + "." + e.className.toString());
  document.getElementById("found").textContent = JSON.stringify({
    width, scroll: page.documentElement.scrollWidth, wide: wide.slice(0, 10),
    background: view.getComputedStyle(page.body).backgroundColor,
    text: view.getComputedStyle(page.body).color,
    requests: view.performance.getEntriesByType("resource").length,
    small: [...page.querySelectorAll("p, td, dd, li")].filter(e => e.textContent.trim() &&
      parseFloat(view.getComputedStyle(e).fontSize) < 11).length,
  });
};
frame.srcdoc = %s;
</script>"""


def chromium(folder: Path, *arguments: str) -> str:
    """Run it once, headless, with a profile of its own; what it printed."""
    binary = catalogue.find("chromium")
    assert binary is not None
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    argv = [str(binary), *QUIET, *root, f"--user-data-dir={folder / 'profile'}", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def look(folder: Path, html: str, width: int, *arguments: str) -> dict[str, Any]:
    """What the probe measured in `html` at `width` pixels."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    page = folder / "probe.html"
    script = json.dumps(free).replace("</", "<\\/")
    page.write_text(PROBE % (width, script), encoding="utf-8")
    budget = "--virtual-time-budget=5000"
    printed = chromium(folder, budget, *arguments, "--dump-dom", page.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', printed, re.DOTALL)
    assert found, printed[:500]
    measured: dict[str, Any] = json.loads(unescape(found[1]))
    return measured


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
@pytest.mark.parametrize("kind", ["passed", "regression", "refused", "site"])
def test_nothing_is_wider_than_the_screen(
    kind: str, width: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = look(tmp_path, build(request.getfixturevalue(kind).root), width)
    assert found["width"] == width
    assert found["wide"] == []
    assert found["scroll"] == width
    assert found["requests"] == 0
    assert found["small"] == 0


def test_a_long_word_without_a_space_does_not_widen_the_page(passed: Any, tmp_path: Path) -> None:
    for path in sorted((passed.root / ".gleis/run").glob("*.json")):
        path.write_text(path.read_text().replace('"bearing-wear"', f'"{"w" * 300}"'))
    reason = "w" * 400
    passed.statement("smoke", verdict="failed", reason=f"{reason}\n{reason}")
    passed.pipeline({"smoke": "failed"}, verdict="failed")
    found = look(tmp_path, build(passed.root), 390)
    assert (found["wide"], found["scroll"]) == ([], 390)


def test_it_is_dark_where_the_reader_wants_it_dark(passed: Any, tmp_path: Path) -> None:
    html = build(passed.root)
    light, dark = look(tmp_path, html, 1280), look(tmp_path, html, 1280, DARK)
    assert light["background"] == "rgb(255, 255, 255)"
    assert dark["background"] == "rgb(15, 17, 21)"
    assert light["text"] != dark["text"]


def test_it_can_be_drawn_as_it_is(passed: Any, tmp_path: Path) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(build(passed.root), encoding="utf-8")
    chromium(tmp_path, "--window-size=1280,2000", f"--screenshot={picture}", page.as_uri())
    assert struct.unpack(">II", picture.read_bytes()[16:24]) == (1280, 2000)
    assert picture.stat().st_size > 50_000


def test_it_prints_on_a4(passed: Any, tmp_path: Path) -> None:
    page, sheet = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(build(passed.root), encoding="utf-8")
    chromium(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={sheet}", page.as_uri())
    content = sheet.read_bytes()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert content.startswith(b"%PDF")
    assert 4 <= len(sizes) <= 9
    assert {(round(float(w)), round(float(h))) for w, h in sizes} <= {(595, 842), (596, 842)}
