"""Make one of this checkout's own environments, on a machine with nothing but Python and git.

`./dev` runs this file with a bare Python (`python3 -I …/bootstrap.py <name>`), so it imports the
standard library and this room only. It brings uv where there is none, in exactly the version and
with exactly the hashes of `requirements/bootstrap.lock`: by pip where Python has it (it knows the
user's index, proxy and certificates), else by itself, since Debian's Python has neither pip nor
ensurepip.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import platform
import re
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is two folders up
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gleis.errors import GleisError
from gleis.tools import environments
from gleis.tools.errors import ToolError
from gleis.tools.files import write_atomic
from gleis.tools.process import clean_env, run

_NETWORK_TIMEOUT = 60.0  # seconds for one answer of the index
_PIP_TIMEOUT = 600.0  # seconds
_LIMIT = 200 * 2**20  # bytes; a uv wheel has some 25 MiB
_JSON = "application/vnd.pypi.simple.v1+json"


class BootstrapFailed(ToolError):
    """uv could not be brought."""


def main(argv: list[str] | None = None) -> int:
    """`bootstrap.py NAME` makes `.dev/envs/NAME-…`; `bootstrap.py --uv` prints where uv is."""
    (name,) = argv if argv is not None else sys.argv[1:]
    root = Path(__file__).resolve().parents[3]
    try:
        if name == "--uv":
            print(_uv(root))
        else:
            make(root, name)
    except GleisError as error:
        print(f"dev: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("dev: interrupted; run the command again to go on", file=sys.stderr)
        return 130
    return 0


def make(root: Path, name: str) -> Path:
    """Make (or find) the environment of `requirements/<name>.lock`; return its folder.

    Its name is written to `.dev/envs/<name>.at`, which is what `./dev` looks at the next time.
    """
    dev = root / ".dev"
    os.environ["GLEIS_UV"] = str(_uv(root))
    environment = environments.ensure(
        root / "requirements" / f"{name}.lock", name=name, progress=_tell, cache=dev
    )
    (site,) = (environment.path / "lib").glob("python3*/site-packages")
    # Relative, so that a checkout may be moved: a .pth line counts from the folder it is in.
    scripts = os.path.relpath(root / "scripts", site)
    write_atomic(site / "gleis-checkout.pth", scripts + "\n")
    write_atomic(dev / "envs" / f"{name}.at", environment.path.name + "\n")
    return environment.path


def bring_uv(dev: Path, lock: Path) -> Path:
    """The pinned uv in `dev/uv-<version>/uv`, brought from the package index if need be."""
    version, hashes = _pin(lock)
    home = dev / f"uv-{version}"
    program = home / "uv"
    if program.is_file():
        return program
    try:
        dev.mkdir(parents=True, exist_ok=True)
        with (dev / ".uv.lock").open("a") as guard:  # the system lets go of it when we die
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not program.is_file():
                _tell(f"bringing uv {version} (only the first time)")
                content = _by_pip(dev, lock) or _by_index(version, hashes)
                home.mkdir(exist_ok=True)
                making = home / "uv.making"
                making.write_bytes(content)
                making.chmod(0o755)
                making.replace(program)
    except OSError as error:
        raise BootstrapFailed(f"cannot bring uv to {home}: {error}") from error
    return program


def _uv(root: Path) -> Path:
    told = os.environ.get("GLEIS_UV")
    return Path(told) if told else bring_uv(root / ".dev", root / "requirements/bootstrap.lock")


def _tell(line: str) -> None:
    print(f"dev: {line}", file=sys.stderr, flush=True)


def _pin(lock: Path) -> tuple[str, frozenset[str]]:
    text = lock.read_text(encoding="utf-8")
    version = re.search(r"^uv==([^\s\\]+)", text, re.MULTILINE)
    hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))
    if version is None or not hashes:
        raise BootstrapFailed(f"{lock} pins no uv; restore it: git checkout -- {lock.name}")
    return version.group(1), hashes


def _by_pip(dev: Path, lock: Path) -> bytes | None:
    """uv's program as pip installs it, None where there is no pip or it cannot."""
    target = dev / ".uv.pip"
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    flags = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-compile"]
    try:
        shutil.rmtree(target, ignore_errors=True)
        done = run(
            [*pip, *flags, "--target", target, "-r", lock], timeout=_PIP_TIMEOUT, env=clean_env()
        )
        program = target / "bin" / "uv"
        return program.read_bytes() if done.ok and program.is_file() else None
    except ToolError:
        return None
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _by_index(version: str, hashes: frozenset[str]) -> bytes:
    """uv's program from its wheel, by the index's JSON answer (PEP 691) and a checked hash."""
    index = _index()
    page = f"{index}/uv/"
    try:
        listing = json.loads(_get(page, _JSON))
        wheel = _choose(listing["files"], version, hashes)
        content = _get(urllib.parse.urljoin(page, wheel["url"]), "*/*")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BootstrapFailed(
            f"cannot bring uv {version} from {_shown(index)}: {error}. Check the network "
            "(UV_DEFAULT_INDEX or PIP_INDEX_URL names another index, HTTPS_PROXY a proxy), or "
            "set GLEIS_UV to a uv that is already on this machine"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest not in hashes:
        raise BootstrapFailed(
            f"{_shown(index)} serves a {wheel['filename']} with SHA-256 {digest}, which is not in "
            "requirements/bootstrap.lock. Do not go on before you know why"
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(f"uv-{version}.data/scripts/uv")


def _index() -> str:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        told = os.environ.get(name)
        if told:
            return told.rstrip("/")
    return "https://pypi.org/simple"


def _shown(index: str) -> str:
    """The address without a password that it may hold."""
    return re.sub(r"//[^/@]*@", "//", index)


def _get(url: str, accept: str) -> bytes:
    parts = urllib.parse.urlsplit(url)
    headers = {"Accept": accept, "User-Agent": "gleis-dev"}
    if parts.username is not None:
        import base64

        secret = f"{parts.username}:{parts.password or ''}"
        secret = urllib.parse.unquote(secret)
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url} is neither http nor https")
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=_NETWORK_TIMEOUT) as answer:
        content: bytes = answer.read(_LIMIT + 1)
    if len(content) > _LIMIT:
        raise ValueError(f"{url} is larger than {_LIMIT // 2**20} MiB")
    return content


def _choose(files: list[dict[str, object]], version: str, hashes: frozenset[str]) -> dict[str, str]:
    """The wheel for this machine among those that the index lists and the lock names."""
    for entry in files:
        name = str(entry["filename"])
        named = entry.get("hashes")
        known = not isinstance(named, dict) or named.get("sha256", None) in (None, *hashes)
        if name.startswith(f"uv-{version}-") and known and _fits(name):
            return {"filename": name, "url": str(entry["url"])}
    system = f"{platform.system()} {platform.machine()}"
    raise ValueError(f"it lists no wheel of uv {version} for {system} that the lock names")


def _fits(wheel: str) -> bool:
    """Whether the wheel's platform tag is this machine's; uv's programs need nothing else."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    if sys.platform == "darwin":
        tag = {"aarch64": "arm64"}.get(machine, machine)
        return bool(re.search(rf"-macosx_\d+_\d+_({tag}|universal2)\.", wheel))
    family = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    with suppress(IndexError):
        return family in wheel.split("-")[4] and f"_{machine}." in wheel
    return False


if __name__ == "__main__":
    raise SystemExit(main())
