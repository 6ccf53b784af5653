"""`smoke`: start the release as its users would meet it, ask it with real rows, compare, stop it.

The truth that answers are compared with is the model's own prediction, made by the project's
`predict` in another process. `local` starts the installed release; every other environment starts
the published image, by its digest, with the registered model mounted. Both on loopback only.
"""

from __future__ import annotations

import csv
import json
import math
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from gleis.pipeline.stage import OUT, Context, Outcome
from gleis.pipeline.worker import Answer, Worker, WorkerGone
from gleis.stages.deploy import CURRENT
from gleis.supply import archive, builders

ROWS = 20
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
REQUEST_SECONDS = 10.0
TOLERANCE = 1e-9
LOCAL = "local"
MOUNTED = "/model"  # where the image expects the model
SCRATCH = f"{OUT}/smoke"


@dataclass(frozen=True)
class Check:
    """One thing that the smoke test asked, and what came back."""

    name: str
    ok: bool
    detail: str


def run(context: Context) -> Outcome:
    """Fail when the release does not start, answers wrongly, or does not stop when asked to."""
    local = context.environment == LOCAL
    model = f"{CURRENT}/model" if local else _fetched(context)
    if isinstance(model, Outcome):
        return model
    expected = _expected(context, model)
    if isinstance(expected, Outcome):
        return expected
    latencies: list[float] = []
    if context.project.serving.mode == "online":
        checks, latencies = _online(context, expected)
    elif local:
        checks = [Check("batch", True, f"{len(expected['rows'])} rows predicted")]
    else:
        checks = [_batch(context, expected)]
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


def _fetched(context: Context) -> str | Outcome:
    """The model that was registered, as the registry has it, readable by the image's user."""
    registration = context.read("registration.json")
    into = f"{SCRATCH}/model"
    answer = context.registry("fetch", run_id=registration["run_id"], into=into)
    if answer.code:
        return Outcome.failed(f"the model could not be fetched from the registry: {answer.error}")
    if answer.result["model_sha256"] != registration["model_sha256"]:
        return Outcome.failed(
            f"the registry returned model {answer.result['model_sha256'][:12]}, not "
            f"{registration['model_sha256'][:12]} that was registered: it was changed there"
        )
    folder = context.root / into
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return into


def _expected(context: Context, model: str) -> dict[str, Any] | Outcome:
    """Real rows and what the released model itself makes of them."""
    answer = context.worker().call(
        "rows.py",
        "expected",
        {
            "package": context.project.package,
            "model": model,
            "data": f"{OUT}/data/test.parquet",
            "scratch": SCRATCH,
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


class _Launched(Protocol):
    """The release, started one way or the other."""

    url: str

    def wait_until_ready(self) -> Check:
        """Wait until it listens."""

    def stop(self) -> Check:
        """SIGTERM, then exit code 0 in time."""


class _Container:
    """The published image, started by the container engine that is here."""

    def __init__(self, service: builders.Service) -> None:
        self._service = service
        self.url = service.url

    def wait_until_ready(self) -> Check:
        """Ask until the service says that it is ready."""
        start = time.monotonic()
        while time.monotonic() - start < READY_SECONDS and not self._service.ended():
            if _http(f"{self.url}/v2/health/ready")[0] == 200:
                return Check("start", True, f"ready after {time.monotonic() - start:.1f} s")
            time.sleep(0.05)
        ended = self._service.ended()
        why = "it ended" if ended else f"not ready after {READY_SECONDS:.0f} s"
        return Check("start", False, f"{why}:\n{self._service.words()}")

    def stop(self) -> Check:
        """SIGTERM, then exit code 0 in time."""
        code = self._service.stop(STOP_SECONDS)
        gone = code is not None
        detail = f"exit code {code}" if gone else f"still there after {STOP_SECONDS:.0f} s"
        return Check("stops when asked to", code == 0, detail)


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
def _service(context: Context) -> Iterator[_Launched]:
    if context.environment != LOCAL:
        with _image(context, (), _free_port()) as started:
            yield _Container(started)
        return
    service = _Service(context)
    try:
        yield service
    finally:
        service.end()


@contextmanager
def _image(context: Context, argv: tuple[str, ...], port: int) -> Iterator[builders.Service]:
    """Start the published image by its digest. Raises ToolMissing where nothing here can."""
    engine = builders.engine(os.environ)
    publication = context.read("publication.json")
    image = archive.read(context.out("image.tar"))
    mounts = {context.root / SCRATCH / "model": (MOUNTED, "ro")}
    if not port:
        mounts[context.root / SCRATCH / "batch"] = ("/batch", "rw")
    start = builders.Start(
        image=f"{publication['image']}@{publication['digest']}",
        entrypoint=image.entrypoint,
        argv=argv,
        mounts=mounts,
        port=port,
        timeout=context.timeout,
    )
    context.say(f"starting {publication['image']} with {engine.name}")
    with engine.start(start) as service:
        yield service


def _batch(context: Context, expected: dict[str, Any]) -> Check:
    """Let the image predict a file, and compare what it wrote."""
    folder = context.root / SCRATCH / "batch"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "predicted.csv").unlink(missing_ok=True)
    rows = folder / "rows.parquet"
    rows.write_bytes((context.root / SCRATCH / "rows.parquet").read_bytes())
    rows.chmod(0o644)
    folder.chmod(0o777)  # the image's user is nobody on this machine
    try:
        with _image(context, ("/batch/rows.parquet", "/batch/predicted.csv"), 0) as service:
            start = time.monotonic()
            while not service.ended() and time.monotonic() - start < context.timeout / 2:
                time.sleep(0.05)
            if not service.ended() or not (folder / "predicted.csv").is_file():
                return Check("batch", False, f"no predictions were written:\n{service.words()}")
    finally:
        folder.chmod(0o755)
    return _same("batch", _column(folder / "predicted.csv"), expected["predictions"])


def _column(path: Path) -> list[Any]:
    """The predictions in a CSV file, as numbers where they are."""
    with path.open(encoding="utf-8", newline="") as stream:
        values = [row.get("prediction", row.get("predict", "")) for row in csv.DictReader(stream)]
    try:
        return [float(value) for value in values]
    except ValueError:
        return values


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _quantile(values: list[float], share: float) -> float:
    """Nearest-rank quantile, in the unit of `values`; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
