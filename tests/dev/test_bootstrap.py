"""gleis.tools.bootstrap: brings the pinned uv where there is neither uv nor pip."""

from __future__ import annotations

import hashlib
import http.server
import json
import platform
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleis.tools import bootstrap
from gleis.tools.bootstrap import BootstrapFailed
from gleis.tools.process import clean_env, run

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = b"#!/bin/sh\necho uv 9.9.9\n"


def wheel_name(tag: str) -> str:
    return f"uv-9.9.9-py3-none-{tag}.whl"


def my_tag() -> str:
    machine = platform.machine()
    if sys.platform == "darwin":
        return f"macosx_11_0_{machine}"
    family = "manylinux_2_17" if platform.libc_ver()[0] == "glibc" else "musllinux_1_1"
    return (
        f"{family}_{machine}.manylinux2014_{machine}" if "many" in family else f"{family}_{machine}"
    )


class Index:
    """A package index of one project on 127.0.0.1, which speaks PEP 691."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                if self.path == "/simple/uv/":
                    body = json.dumps({"meta": {"api-version": "1.0"}, "files": index.listing()})
                    self.answer(body.encode(), "application/vnd.pypi.simple.v1+json")
                elif (index.folder / Path(self.path).name).is_file():
                    content = (index.folder / Path(self.path).name).read_bytes()
                    self.answer(content, "application/zip")
                else:
                    self.send_error(404)

            def answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/simple"

    def listing(self) -> list[dict[str, object]]:
        return [
            {
                "filename": path.name,
                "url": f"../../files/{path.name}",
                "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
            }
            for path in sorted(self.folder.iterdir())
        ]

    def add(self, tag: str) -> Path:
        path = self.folder / wheel_name(tag)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("uv-9.9.9.data/scripts/uv", PROGRAM)
            archive.writestr("for", tag)
        return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    folder = tmp_path / "files"
    folder.mkdir()
    served = Index(folder)
    threading.Thread(target=served.server.serve_forever, daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_by_pip", lambda _dev, _lock: None)


def lock_of(tmp_path: Path, *wheels: Path) -> Path:
    path = tmp_path / "bootstrap.lock"
    hashes = "".join(
        f" \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
        for wheel in wheels
    )
    path.write_text(f"uv==9.9.9{hashes}\n")
    return path


@pytest.mark.usefixtures("no_pip")
def test_the_wheel_of_this_machine_is_brought_and_kept(index: Index, tmp_path: Path) -> None:
    wheels = [index.add(tag) for tag in ("linux_sparc", "win_amd64", my_tag(), "macosx_11_0_ppc")]
    lock = lock_of(tmp_path, *wheels)

    program = bootstrap.bring_uv(tmp_path / "dev", lock)

    assert program == tmp_path / "dev" / "uv-9.9.9" / "uv"
    assert run([program], timeout=10).stdout == "uv 9.9.9\n"
    assert index.asked == ["/simple/uv/", f"/files/{wheel_name(my_tag())}"]
    assert bootstrap.bring_uv(tmp_path / "dev", lock) == program
    assert len(index.asked) == 2


@pytest.mark.usefixtures("no_pip")
def test_a_wheel_that_changed_on_the_way_is_refused(index: Index, tmp_path: Path) -> None:
    wheel = index.add(my_tag())
    lock = lock_of(tmp_path, wheel)
    honest = index.listing()
    index.listing = lambda: honest  # type: ignore[method-assign]
    wheel.write_bytes(wheel.read_bytes() + b"evil")

    with pytest.raises(BootstrapFailed, match=r"not in requirements/bootstrap\.lock"):
        bootstrap.bring_uv(tmp_path / "dev", lock)

    assert not (tmp_path / "dev" / "uv-9.9.9" / "uv").exists()


@pytest.mark.usefixtures("no_pip")
def test_a_wheel_that_the_lock_does_not_name_is_not_chosen(index: Index, tmp_path: Path) -> None:
    other = index.add("win_amd64")
    index.add(my_tag())

    with pytest.raises(BootstrapFailed, match=r"no wheel of uv 9\.9\.9 for"):
        bootstrap.bring_uv(tmp_path / "dev", lock_of(tmp_path, other))


@pytest.mark.usefixtures("no_pip")
def test_without_an_index_the_cure_is_told_and_the_password_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://me:hunter2@127.0.0.1:9/simple/")

    with pytest.raises(BootstrapFailed, match="Check the network") as caught:
        bootstrap.bring_uv(tmp_path / "dev", ROOT / "requirements" / "bootstrap.lock")

    assert "127.0.0.1:9/simple" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "GLEIS_UV" in str(caught.value)


def test_a_python_without_pip_or_packages_makes_an_environment(
    index: Index, tmp_path: Path
) -> None:
    """The file alone, by a Python that is told to ignore its site-packages, makes a real one."""
    real_uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or ""
    wheel = index.folder / wheel_name(my_tag())
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-9.9.9.data/scripts/uv", f'#!/bin/sh\nexec "{real_uv}" "$@"\n')
    root = tmp_path / "root"
    package = root / "scripts" / "gleis"
    shutil.copytree(ROOT / "scripts/gleis/tools", package / "tools")
    for name in ("__init__.py", "errors.py"):
        shutil.copy(ROOT / "scripts/gleis" / name, package / name)
    (root / "requirements").mkdir()
    lock_of(root / "requirements", wheel)
    (root / "requirements" / "core.lock").write_text("# nothing\n")
    base = getattr(sys, "_base_executable", sys.executable)
    env = clean_env(UV_DEFAULT_INDEX=index.url, PATH="/usr/bin:/bin")
    env.pop("GLEIS_UV", None)

    # -S: no site-packages, hence no pip, as in Debian's python3-minimal.
    code = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], {}, '__main__')"
    done = run(
        [base, "-I", "-S", "-c", code, package / "tools" / "bootstrap.py", "core"],
        timeout=120,
        env={**env, "PIP_NO_INDEX": "1"},  # were there a pip after all, it would find nothing
    )

    assert done.returncode == 0, done.stderr
    assert "bringing uv 9.9.9" in done.stderr
    assert f"/files/{wheel.name}" in index.asked
    made = root / ".dev" / "envs" / (root / ".dev/envs/core.at").read_text().strip()
    told = run([made / "bin/python", "-P", "-c", "import gleis; print(gleis.__file__)"], timeout=30)
    assert Path(told.stdout.strip()) == package / "__init__.py"


@pytest.mark.parametrize(
    ("system", "machine", "libc", "tag", "fits"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64.manylinux2014_x86_64", True),
        ("linux", "x86_64", "glibc", "musllinux_1_1_x86_64", False),
        ("linux", "x86_64", "", "musllinux_1_1_x86_64", True),
        ("linux", "aarch64", "glibc", "manylinux_2_17_aarch64.musllinux_1_1_aarch64", True),
        ("linux", "aarch64", "", "manylinux_2_17_aarch64.musllinux_1_1_aarch64", True),
        ("linux", "aarch64", "glibc", "manylinux_2_17_x86_64", False),
        ("darwin", "arm64", "", "macosx_11_0_arm64", True),
        ("darwin", "x86_64", "", "macosx_10_12_x86_64", True),
        ("darwin", "arm64", "", "macosx_10_12_x86_64", False),
        ("linux", "x86_64", "glibc", "win_amd64", False),
    ],
)
def test_the_platform_tag_is_understood(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, libc: str, tag: str, fits: bool
) -> None:
    monkeypatch.setattr(bootstrap.sys, "platform", system)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: machine)
    monkeypatch.setattr(bootstrap.platform, "libc_ver", lambda: (libc, ""))

    assert bootstrap._fits(wheel_name(tag)) is fits


def test_the_pin_is_the_uv_of_the_core_lock() -> None:
    version, hashes = bootstrap._pin(ROOT / "requirements" / "bootstrap.lock")

    assert f"uv=={version} " in (ROOT / "requirements" / "core.lock").read_text()
    assert len(hashes) > 10
