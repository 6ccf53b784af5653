"""`smoke`: start the release as its users would meet it, ask it with real rows, compare, stop it.

The truth that answers are compared with is the model's own prediction, made by the project's
`predict` in another process. `environment: local` talks to a loopback address only.
"""

from __future__ import annotations

import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from gleis.pipeline.stage import OUT, Context, Outcome
from gleis.pipeline.worker import Answer, Worker, WorkerGone
from gleis.stages.deploy import CURRENT

ROWS = 20
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
REQUEST_SECONDS = 10.0
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Check:
    """One thing that the smoke test asked, and what came back."""

    name: str
    ok: bool
    detail: str


def run(context: Context) -> Outcome:
    """Fail when the release does not start, answers wrongly, or does not stop when asked to."""
    expected = _expected(context)
    if isinstance(expected, Outcome):
        return expected
    if context.project.serving.mode == "batch":
        checks = [Check("batch", True, f"{len(expected['rows'])} rows predicted")]
        latencies: list[float] = []
    else:
        checks, latencies = _online(context, expected)
    latency = {"p50": _quantile(latencies, 0.5), "p99": _quantile(latencies, 0.99)}
    details = {
        "checks": [asdict(check) for check in checks],
        "requests": len(latencies),
        "latencySeconds": latency if latencies else {},
    }
    failed = [check for check in checks if not check.ok]
    if failed:
        lines = "\n".join(f"  {check.name}: {check.detail}" for check in failed)
        return Outcome.failed(f"the release does not do what it must:\n{lines}", details=details)
    context.write("smoke.json", details)
    p99 = f", p99 {latency['p99'] * 1000:.1f} ms" if latencies else ""
    return Outcome(details=details, summary=f"{len(checks)} checks on real rows{p99}")


def _expected(context: Context) -> dict[str, Any] | Outcome:
    """Real rows and what the released model itself makes of them."""
    answer = context.worker().call(
        "rows.py",
        "expected",
        {
            "package": context.project.package,
            "model": f"{CURRENT}/model",
            "data": f"{OUT}/data/test.parquet",
            "scratch": f"{OUT}/smoke",
            "count": ROWS,
        },
        log=context.log,
        timeout=context.timeout,
    )
    if answer.code:
        return context.broke(answer, f"predicting {ROWS} real rows ({answer.error})")
    result: dict[str, Any] = answer.result
    return result


def _online(context: Context, expected: dict[str, Any]) -> tuple[list[Check], list[float]]:
    checks: list[Check] = []
    latencies: list[float] = []
    with _service(context) as service:
        started = service.wait_until_ready()
        checks.append(started)
        if started.ok:
            checks += _ask(context, service.url, expected, latencies)
            checks.append(service.stop())
    return checks, latencies


def _ask(
    context: Context, url: str, expected: dict[str, Any], latencies: list[float]
) -> Iterator[Check]:
    name = context.project.metadata.name
    for path in ("/v2/health/live", "/v2/health/ready", f"/v2/models/{name}"):
        status, body = _http(url + path)
        yield Check(f"GET {path}", status == 200, f"status {status} {body[:200]}".strip())
    infer = f"{url}/v2/models/{name}/infer"
    got: list[Any] = []
    for row in expected["rows"]:
        start = time.perf_counter()
        status, body = _http(infer, {"inputs": row})
        latencies.append(time.perf_counter() - start)
        got.append(_prediction(body)[0] if status == 200 else f"status {status}: {body[:200]}")
    yield _same("one row at a time", got, expected["predictions"])
    status, body = _http(infer, {"inputs": expected["batch"]})
    batch = _prediction(body) if status == 200 else [f"status {status}: {body[:200]}"]
    yield _same("all rows at once", batch, expected["predictions"])
    status, body = _http(infer, {"inputs": expected["rows"][0][1:]})
    missing = expected["rows"][0][0]["name"]
    yield Check(
        "a missing column is refused",
        status == 400 and missing in body,
        f"status {status}, wanted 400 naming {missing}: {body[:200]}",
    )
    status, body = _http(url + "/metrics")
    counted = "gleis_requests_total" in body and "gleis_request_seconds" in body
    yield Check("GET /metrics", status == 200 and counted, f"status {status}")


def _same(name: str, got: list[Any], wanted: list[Any]) -> Check:
    for index, (theirs, ours) in enumerate(zip(got, wanted, strict=False)):
        if not _equal(theirs, ours):
            return Check(name, False, f"row {index}: served {theirs!r}, the model says {ours!r}")
    return Check(name, len(got) == len(wanted), f"{len(got)} of {len(wanted)} predictions equal")


def _equal(served: Any, own: Any) -> bool:
    if isinstance(own, float) and isinstance(served, int | float):
        return math.isclose(served, own, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(served == own)


def _prediction(body: str) -> list[Any]:
    try:
        outputs = json.loads(body)["outputs"]
        found: list[Any] = next(each["data"] for each in outputs if each["name"] == "predict")
    except (ValueError, KeyError, TypeError, StopIteration):
        return [f"no output called predict in {body[:200]}"]
    return found or ["no prediction"]


def _http(url: str, payload: dict[str, Any] | None = None) -> tuple[int, str]:
    """Status and body; status 0 where no answer came. Loopback only, so no proxy is asked."""
    data = None if payload is None else json.dumps(payload).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=REQUEST_SECONDS) as response:
            return response.status, response.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


class _Service:
    """The release, served by a worker of its own that ends with us whatever happens."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.url = ""
        self._ready = context.out("smoke/ready.json")
        self._ready.unlink(missing_ok=True)
        self._worker: Worker = context.new_worker()
        self._answer: Answer | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        model, ready = f"{CURRENT}/model", str(self._ready)
        argv = ["--model", model, "--host", "127.0.0.1", "--port", "0", "--ready-file", ready]
        try:
            self._answer = self._worker.module(
                f"{self.context.project.package}.serve",
                argv,
                log=self.context.log,
                timeout=self.context.timeout,
            )
        except WorkerGone as error:
            self._answer = Answer(70, error=str(error))

    def wait_until_ready(self) -> Check:
        """Wait for the file in which the service says where it listens."""
        start = time.monotonic()
        while time.monotonic() - start < READY_SECONDS and self._thread.is_alive():
            if self._ready.is_file():
                said = json.loads(self._ready.read_text(encoding="utf-8"))
                self.url = f"http://{said['host']}:{said['port']}"
                seconds = time.monotonic() - start
                return Check("start", True, f"listening after {seconds:.1f} s")
            time.sleep(0.02)
        why = "it ended" if self._answer else f"not ready after {READY_SECONDS:.0f} s"
        return Check("start", False, f"{why}:\n{self.context.last_words()}")

    def stop(self) -> Check:
        """SIGTERM, then exit code 0 in time."""
        self._worker.ask_to_stop()
        self._thread.join(STOP_SECONDS)
        code = self._answer.code if self._answer else None
        detail = f"exit code {code}" if self._answer else f"still there after {STOP_SECONDS:.0f} s"
        return Check("stops when asked to", code == 0, detail)

    def end(self) -> None:
        """End whatever is left of it."""
        self._worker.end()
        self._thread.join(STOP_SECONDS)


@contextmanager
def _service(context: Context) -> Iterator[_Service]:
    service = _Service(context)
    try:
        yield service
    finally:
        service.end()


def _quantile(values: list[float], share: float) -> float:
    """Nearest-rank quantile, in the unit of `values`; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
