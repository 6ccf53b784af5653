"""pip-audit against a snapshot of advisories: what is known is found, and silence is no answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from gleis import supply
from gleis.supply import SupplyError
from gleis.tools.environments import Environment

SNAPSHOT = Path(__file__).parent / "advisories.json"


def audit(
    tools: Environment, folder: Path, lines: str, source: str | Path = SNAPSHOT
) -> list[dict[str, Any]]:
    lock = folder / "requirements.lock"
    hashed = [f"{line} --hash=sha256:{'0' * 64}" for line in lines.split()]
    lock.write_text("\n".join(hashed) + "\n")
    request = {"advisories": str(source), "locks": [str(lock)]}
    answer = supply.inside(tools, "audit.py", request, timeout=120)
    found: list[dict[str, Any]] = answer["vulnerabilities"]
    return found


def test_what_is_known_is_found_with_its_severity(tools: Environment, tmp_path: Path) -> None:
    lines = "demo-package==1.4 jinja2==3.1.6 other-package==1.0"

    (found,) = audit(tools, tmp_path, lines)

    assert found["package"] == "demo-package"
    assert found["id"] in ("GHSA-test-0001-made", "CVE-0000-0001")
    assert found["severity"] == "medium"
    assert "1.5" in found["fixed"]


def test_nobodys_grade_is_told_as_unknown(tools: Environment, tmp_path: Path) -> None:
    (found,) = audit(tools, tmp_path, "Jinja2==2.7.1")

    assert found["severity"] == "unknown"


def test_versions_outside_the_ranges_are_not_affected(tools: Environment, tmp_path: Path) -> None:
    for version in ("0.9", "1.9"):
        assert audit(tools, tmp_path, f"demo-package=={version}") == [], version


@pytest.mark.parametrize("content", ["[]", "{}", "no json", '[{"id": "X"}]'])
def test_a_snapshot_without_advisories_is_no_source(
    tools: Environment, tmp_path: Path, content: str
) -> None:
    (tmp_path / "empty.json").write_text(content)

    with pytest.raises(SupplyError, match=r"knows nothing about jinja2|cannot be read"):
        audit(tools, tmp_path, "demo-package==1.4", tmp_path / "empty.json")


def test_a_snapshot_that_is_not_there_is_no_source(tools: Environment, tmp_path: Path) -> None:
    with pytest.raises(SupplyError, match="cannot be read"):
        audit(tools, tmp_path, "demo-package==1.4", tmp_path / "missing.json")


def test_a_service_that_does_not_answer_is_no_source(tools: Environment, tmp_path: Path) -> None:
    with pytest.raises(SupplyError, match="does not answer"):
        audit(tools, tmp_path, "demo-package==1.4", "http://127.0.0.1:9/v1/query")


class Dying(BaseHTTPRequestHandler):
    """Knows the one old flaw, then breaks on every question about a package."""

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = query["package"]["name"] == "jinja2"
        self.send_response(200 if known else 503)
        self.end_headers()
        self.wfile.write(b'{"vulns": [{"id": "X"}]}' if known else b"")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def dying() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Dying)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


def test_a_service_that_breaks_half_way_is_no_source(
    tools: Environment, tmp_path: Path, dying: str
) -> None:
    with pytest.raises(SupplyError, match="pip-audit ended with exit code 1 and no result"):
        audit(tools, tmp_path, "demo-package==1.4", dying)


def test_a_lock_that_names_no_version_is_not_called_safe(
    tools: Environment, tmp_path: Path
) -> None:
    with pytest.raises(SupplyError, match=r"pip-audit ended|not every package"):
        audit(tools, tmp_path, "demo-package")
