"""Tests that need an outside program say so; without it they are listed as NOT RUN, with the cure.

`@pytest.mark.needs("chromium")` names a tool of `gleis.tools.catalogue`. `--strict-tools` turns a
missing one into a failure, `--install-tools` installs it from Debian's packages first.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleis.tools import catalogue, environments, process

ROOT = Path(__file__).resolve().parent.parent

_NOT_RUN = "NOT RUN: "

# The build that runs these tests is not the one that a tested `gleis run` is part of.
for _variable in ("GITHUB_ACTIONS", "JENKINS_URL"):
    os.environ.pop(_variable, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("outside tools")
    group.addoption("--strict-tools", action="store_true", help="a missing tool is a failure")
    group.addoption("--install-tools", action="store_true", help="apt-get what is missing")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install what the selected tests need, when asked to."""
    if not session.config.getoption("--install-tools") or session.config.option.collectonly:
        return
    if hasattr(session.config, "workerinput"):
        return  # a worker of pytest-xdist: two apt-gets would wait for each other
    names = {mark.args[0] for item in session.items for mark in item.iter_markers("needs")}
    packages = sorted(
        package
        for name in names
        if catalogue.find(name) is None
        for package in catalogue.tool(name).debian_packages
    )
    if packages:
        _apt_get(packages)


def _apt_get(packages: list[str]) -> None:
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return  # the tests are then NOT RUN, which says how to get the tools
    print(f"\napt-get install {' '.join(packages)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    patient = [apt_get, "-qq", "-o", "DPkg::Lock::Timeout=300"]
    for argv in (
        [*patient, "update"],
        [*patient, "install", "-y", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            print(f"{' '.join(argv)} failed:\n{done.stderr or done.stdout}", flush=True)
            return


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        name = mark.args[0]
        if catalogue.find(name) is None:
            sentence = _NOT_RUN + catalogue.missing(name)
            if item.config.getoption("--strict-tools"):
                pytest.fail(sentence, pytrace=False)
            pytest.skip(sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What Terraform was shown to be; one line per tool that was missing, and how to get it."""
    _show_terraform(terminalreporter)
    _show_planted(terminalreporter)
    missing: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, found, sentence = reason.partition(_NOT_RUN)
        if found:
            missing.setdefault(sentence, []).append(report.nodeid)
    if not missing:
        return
    terminalreporter.section("NOT RUN", yellow=True)
    for sentence, tests in sorted(missing.items()):
        terminalreporter.line(sentence)
        for test in tests:
            terminalreporter.line(f"  {test}")


def _show_terraform(reporter: pytest.TerminalReporter) -> None:
    """What this run has shown of each module of terraform/: no more than tests recorded.

    Here and not in tests/terraform, whose conftest.py the controller of pytest-xdist never loads;
    tests/terraform/rig/summary.py is how a test records something.
    """
    facts: dict[str, dict[str, str]] = {}
    columns: dict[str, int] = {}  # in the order in which they were first recorded => width
    for report in reporter.stats.get("passed", []):
        for name, found in report.user_properties:
            if name == "terraform":
                module, column, value = found
                facts.setdefault(module, {})[column] = value
                columns[column] = max(columns.get(column, len(column)), len(value))
    if not facts:
        return
    reporter.section("Terraform")
    width = max(map(len, facts))
    rows = [("module", {column: column for column in columns}), *sorted(facts.items())]
    for module, row in rows:
        cells = [f"{row.get(column, '-'):{wide}}" for column, wide in columns.items()]
        reporter.line("  ".join([f"{module:{width}}", *cells]).rstrip())


def _show_planted(reporter: pytest.TerminalReporter) -> None:
    """Which guard has caught each mistake that tests/terraform/test_planted_faults.py made."""
    caught = sorted(
        found
        for report in reporter.stats.get("passed", [])
        for name, found in report.user_properties
        if name == "planted fault"
    )
    if caught:
        reporter.section("Planted faults")
        width = max(len(fault) for fault, _ in caught)
        for fault, guard in caught:
            reporter.line(f"{fault:{width}}  {guard}")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as a wheel, built by hatchling itself: its dependencies are in test.lock."""
    into = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", into]
    process.run(argv, timeout=120, cwd=ROOT, env=process.clean_env(), check=True)
    (path,) = into.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment outside the checkout: core.lock and the wheel."""
    cache = tmp_path_factory.mktemp("elsewhere")
    made = environments.ensure(ROOT / "requirements" / "core.lock", name="user", cache=cache)
    uv = catalogue.require("uv")
    process.run(
        [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", made.python, wheel],
        timeout=120,
        cwd=cache,
        env=process.clean_env(),
        check=True,
    )
    return made.bin


@pytest.fixture(scope="session")
def loopback_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The `host:port` of an image registry of our own, for tests that need `docker-registry`."""
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config.yml").write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    server = subprocess.Popen(
        [catalogue.require("docker-registry"), "serve", folder / "config.yml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
