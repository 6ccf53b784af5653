"""Prometheus, Alertmanager and a mail server on loopback, for as long as a test needs them."""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

import yaml

from gleis.tools import catalogue, process

READY_SECONDS = 30.0
STEP = 15  # seconds between two samples of a series


@dataclass(frozen=True)
class Series:
    """A counter that grows by `rate` a second, or a gauge that is `level`."""

    name: str
    labels: Mapping[str, str]
    rate: float = 0.0
    level: float = 0.0

    def lines(self, start: int, end: int) -> Iterator[str]:
        labels = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        for at in range(start, end + 1, STEP):
            yield f"{self.name}{{{labels}}} {self.level + self.rate * (at - start)!r} {at}\n"


class Prometheus:
    """A Prometheus that holds what was fed to it, and scrapes nothing."""

    def __init__(self, url: str, now: int) -> None:
        self.url, self.now = url, now

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples of an instant query at the end of what was fed."""
        asked = urllib.parse.urlencode({"query": query, "time": self.now})
        status, body = get(f"{self.url}/api/v1/query?{asked}")
        answer = json.loads(body)
        assert status == 200, f"{answer.get('error')}\n{query}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def values(self, query: str) -> list[float]:
        return [float(each["value"][1]) for each in self.ask(query)]


@contextmanager
def prometheus(
    folder: Path, series: Iterable[Series], now: int, seconds: int
) -> Iterator[Prometheus]:
    """A Prometheus with `series` over the last `seconds` before `now` (Unix time)."""
    # OpenMetrics wants the series of a name together.
    ordered = sorted(series, key=lambda each: each.name)
    feed = folder / "feed.txt"
    with feed.open("w") as stream:
        for each in ordered:
            stream.writelines(each.lines(now - seconds, now))
        stream.write("# EOF\n")
    data = folder / "data"
    promtool = catalogue.require("promtool")
    argv = [promtool, "tsdb", "create-blocks-from", "openmetrics", feed, data]
    process.run(argv, timeout=120, check=True)
    config = folder / "prometheus.yml"
    config.write_text("{}\n")
    port = _free_port()
    program = [
        catalogue.require("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=50y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with _running(program, f"http://127.0.0.1:{port}", folder / "prometheus.log") as url:
        yield Prometheus(url, now)


@contextmanager
def alertmanager(folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """The address of an Alertmanager with this configuration."""
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(dict(config)))
    port = _free_port()
    program = [
        catalogue.require("alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'alerts'}",
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with _running(program, f"http://127.0.0.1:{port}", folder / "alertmanager.log") as url:
        yield url


def get(url: str, body: Any = None) -> tuple[int, str]:
    """Status and text of an answer, 0 where none came; with a `body` it is sent as JSON."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


@contextmanager
def _running(argv: list[Any], url: str, log: Path) -> Iterator[str]:
    with log.open("wb") as stream:
        server = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while get(f"{url}/-/ready")[0] != 200:
            ended = server.poll() is not None or time.monotonic() > deadline
            assert not ended, f"{argv[0]} did not start:\n{log.read_text()}"
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)


@dataclass(frozen=True)
class Mail:
    recipients: tuple[str, ...]
    message: Message


class _Conversation(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as one client needs to hand in a mail."""

    def handle(self) -> None:
        recipients: list[str] = []
        self._say("220 it is me")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            word = line[:4].upper()
            if word == "RCPT":
                recipients.append(line.partition("<")[2].partition(">")[0])
            if word == "DATA":
                self._say("354 go on")
                text = self._message()
                mail = Mail(tuple(recipients), message_from_string(text))
                self.server.mails.append(mail)  # type: ignore[attr-defined]
                recipients = []
            if word == "QUIT":
                self._say("221 bye")
                return
            self._say("250 well")

    def _message(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            lines.append(line)
        return "".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mailbox() -> Iterator[tuple[str, list[Mail]]]:
    """`host:port` of a mail server, and the mails that it was given."""
    mails: list[Mail] = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation) as server:
        server.daemon_threads = True
        server.mails = mails  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", mails
        server.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
