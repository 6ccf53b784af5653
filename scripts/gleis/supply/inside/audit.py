"""pip-audit over locks, against an OSV service or a snapshot of it: JSON in, JSON out.

No answer is never an answer: the source must first name a vulnerability that everybody knows, and
pip-audit must then speak of every package of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# Known since 2014 (CVE-2014-0012): a source of Python advisories that has not heard of it has none.
CANARY = {"package": {"name": "jinja2", "ecosystem": "PyPI"}, "version": "2.7.1"}
_TIMEOUT = 20  # seconds for one answer of the source
_WORST_FIRST = ("critical", "high", "moderate", "medium", "low")


class NoAdvisories(Exception):
    """There is no source of advisories, or it is none."""


def main() -> None:
    asked = json.load(sys.stdin)
    try:
        with _source(asked["advisories"]) as url:
            _must_know(url, asked["advisories"])
            answer: dict[str, Any] = {"vulnerabilities": _audit(asked["locks"], url)}
    except NoAdvisories as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


def _audit(locks: list[str], url: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="gleis-audit-") as folder:
        done = subprocess.run(
            [
                sys.executable, "-P", "-m", "pip_audit", "--strict", "--disable-pip",
                "--require-hashes", "--vulnerability-service", "osv", "--osv-url", url,
                *(word for lock in locks for word in ("--requirement", lock)),
                "--format", "json", "--progress-spinner", "off",
                "--cache-dir", folder, "--timeout", str(_TIMEOUT),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
            if url.startswith("http://127.0.0.1:")
            else None,
        )  # fmt: skip
    try:
        # 0: nothing found, 1: something found or something broke; only JSON tells which.
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NoAdvisories(
            f"pip-audit ended with exit code {done.returncode} and no result: {''.join(said)}"
        ) from None
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped or not packages:
        raise NoAdvisories(f"not every package was audited: {', '.join(skipped) or 'none was'}")
    return [
        {
            "package": package["name"],
            "version": package["version"],
            "id": vulnerability["id"],
            "aliases": vulnerability.get("aliases", []),
            "fixed": vulnerability.get("fix_versions", []),
            "summary": vulnerability.get("description", "")[:400],
            "severity": _severity(url, [vulnerability["id"], *vulnerability.get("aliases", [])]),
        }
        for package in packages
        for vulnerability in package["vulns"]
    ]


def _severity(url: str, ids: list[str]) -> str:
    """The worst that the records of an advisory and its aliases say; "unknown" if none does."""
    said = set()
    for each in ids:
        try:
            record = _ask(f"{url.removesuffix('/query')}/vulns/{each}")
        except (OSError, ValueError):
            continue
        said.add(str(record.get("database_specific", {}).get("severity", "")).lower())
    found = next((word for word in _WORST_FIRST if word in said), "unknown")
    return "medium" if found == "moderate" else found


def _must_know(url: str, name: str) -> None:
    try:
        known = _ask(url, CANARY).get("vulns")
    except (OSError, ValueError) as error:
        raise NoAdvisories(f"{name} does not answer ({error})") from None
    if not known:
        package = f"{CANARY['package']['name']} {CANARY['version']}"  # type: ignore[index]
        raise NoAdvisories(
            f"{name} answers, but knows nothing about {package}, whose flaw is public since 2014: "
            "it is empty, or no source of Python advisories"
        )


def _ask(url: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if query is None else json.dumps(query).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    handlers = [urllib.request.ProxyHandler({})] if url.startswith("http://127.0.0.1:") else []
    with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT) as response:
        answer = json.load(response)
    if not isinstance(answer, dict):
        raise ValueError("not an answer of an OSV service")
    return answer


@contextmanager
def _source(advisories: str) -> Iterator[str]:
    """The URL of an OSV query service; a snapshot is served on loopback meanwhile."""
    if "://" in advisories:
        yield advisories
        return
    records = _snapshot(Path(advisories))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self._reply({"vulns": [each for each in records.values() if _affects(each, query)]})

        def do_GET(self) -> None:
            self._reply(records.get(self.path.rpartition("/")[2], {}))

        def _reply(self, value: dict[str, Any]) -> None:
            # An empty object is how OSV says "nothing known".
            body = json.dumps(value if value.get("vulns", True) else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def _snapshot(path: Path) -> dict[str, dict[str, Any]]:
    """OSV records by id, from one JSON file (a list of them) or a folder of JSON files."""
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    records: dict[str, dict[str, Any]] = {}
    try:
        for file in files:
            read = json.loads(file.read_text(encoding="utf-8"))
            records |= {each["id"]: each for each in (read if isinstance(read, list) else [read])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoAdvisories(f"the snapshot of advisories {path} cannot be read: {error}") from None
    return records


def _affects(record: dict[str, Any], query: dict[str, Any]) -> bool:
    """The evaluation of https://ossf.github.io/osv-schema/#evaluation for PyPI."""
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    wanted, version = canonicalize_name(query["package"]["name"]), Version(query["version"])
    for affected in record.get("affected", []):
        package = affected.get("package", {})
        if package.get("ecosystem") != "PyPI" or canonicalize_name(package["name"]) != wanted:
            continue
        if any(Version(each) == version for each in affected.get("versions", [])):
            return True
        for ranges in affected.get("ranges", []):
            inside = False
            for event in ranges.get("events", []):
                if event.get("introduced") == "0" or (
                    "introduced" in event and version >= Version(event["introduced"])
                ):
                    inside = True
                elif ("fixed" in event and version >= Version(event["fixed"])) or (
                    "last_affected" in event and version > Version(event["last_affected"])
                ):
                    inside = False
            if inside and ranges.get("type") == "ECOSYSTEM":
                return True
    return False


if __name__ == "__main__":
    main()
