"""Git as this room uses it: no hooks, no prompts, no work tree, bounded in time and size.

What comes from a remote is never checked out, so that no filter, hook, link or attribute in it is
ever obeyed: files are read and written as objects.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gleis.contract.problem import shown
from gleis.gitops.errors import GitopsError
from gleis.tools import Completed, ToolFailed, require, run
from gleis.tools.process import clean_env

VARIABLE = "GLEIS_GITOPS_TOKEN"  # where the credential for the state's host comes from
LOCAL_TIMEOUT = 60.0  # seconds for a command that talks to nobody
REMOTE_TIMEOUT = 120.0  # seconds for a fetch or a push
SCHEMES = ("https", "ssh", "file")

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_SCP = re.compile(
    r"(?P<user>[A-Za-z0-9_][\w.-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[\w~][^\s:]*)"
)
# Variables that tie git to a repository of the caller, or make it say what it sends.
_LEAKS = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|INDEX_VERSION|PREFIX|COMMON_DIR|NAMESPACE|OBJECT_DIRECTORY"
    r"|ALTERNATE_OBJECT_DIRECTORIES|SHALLOW_FILE|GRAFT_FILE|REPLACE_REF_BASE|TEMPLATE_DIR|TRACE.*"
    r"|CURL_VERBOSE|EXEC_PATH|PROXY_COMMAND|ALLOW_PROTOCOL|REDIRECT_.*|LITERAL_PATHSPECS)"
)
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.logAllRefUpdates=false",
    "core.quotePath=false",
    "fetch.recurseSubmodules=no",
    "fetch.unpackLimit=1",  # one pack, so that the limit on a file's size is one on the whole
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "push.followTags=false",
    "push.recurseSubmodules=no",
)


def checked_url(text: str) -> str:
    """`text` as an address that git may be given; `user@host:path` becomes an ssh address.

    Raises GitopsError for anything else than https, ssh and file, for what git would take for an
    option or a helper program, and for an address with a secret in it (which is not repeated).
    """
    where = "An address looks like https://host/owner/repo.git, ssh://git@host/owner/repo.git or "
    where += "file:///folder/repo.git"
    if not text or not text.isprintable() or any(sign.isspace() for sign in text):
        raise GitopsError(f"{shown(text)} is not the address of a repository. {where}")
    if text.startswith("-"):
        raise GitopsError(f"{shown(text)} is an option of git, not an address. {where}")
    scp = _SCP.fullmatch(text)
    if scp and "://" not in text:
        return f"ssh://{scp['user']}@{scp['host']}/{scp['path'].lstrip('/')}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise GitopsError(f"{shown(text)} is not a valid address. {where}") from None
    if parts.scheme not in SCHEMES or "://" not in text or "::" in text.split("://")[0]:
        raise GitopsError(
            f"addresses of the kind {shown(text.partition(':')[0] + ':')} are refused: git would "
            f"start other programs for some of them. Allowed: {', '.join(SCHEMES)}. {where}"
        )
    if parts.password is not None or (parts.scheme == "https" and parts.username is not None):
        raise GitopsError(
            f"the address of a repository on {shown(parts.hostname)} has a user or a password in "
            f"it. Take it out; a token goes into the variable {VARIABLE}"
        )
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise GitopsError(f"{shown(text)} must name a folder of this machine. {where}")
    elif (
        not _HOST.fullmatch(parts.hostname or "")
        or (parts.username is not None and not _USER.fullmatch(parts.username))
        or port == 0
    ):
        raise GitopsError(f"{shown(text)} names no host that could exist. {where}")
    if parts.path.strip("/") == "" or parts.query or parts.fragment:
        raise GitopsError(f"{shown(text)} names no repository. {where}")
    return text


def looks_like_url(text: str) -> bool:
    """Whether a person who typed `text` meant an address rather than a folder."""
    if "://" in text or "::" in text or text.startswith("-"):
        return True
    return bool(_SCP.fullmatch(text)) and not Path(text).exists()


def environment(url: str = "") -> dict[str, str]:
    """Variables for git: nobody is asked anything; the token goes to the host of `url` alone.

    The token travels in a variable, so that it stands in no list of processes and no log.
    """
    env = {name: value for name, value in clean_env().items() if not _LEAKS.fullmatch(name)}
    token = env.pop(VARIABLE, "")
    env |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GCM_INTERACTIVE": "never",
        "SSH_ASKPASS_REQUIRE": "never",
        "LC_ALL": "C",
    }
    parts = urlsplit(url)
    if token and parts.scheme == "https":
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        count = int(env.get("GIT_CONFIG_COUNT", "0") or 0)
        env |= {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"http.https://{parts.netloc}/.extraHeader",
            f"GIT_CONFIG_VALUE_{count}": f"Authorization: Basic {secret}",
        }
    return env


class Repository:
    """A bare repository of our own, in a temporary folder, with one remote."""

    def __init__(self, folder: Path, url: str, *, max_bytes: int | None = None) -> None:
        """`max_bytes` bounds every file that a fetch may write; None for no limit."""
        self.folder, self.url, self._max_bytes = folder, url, max_bytes
        self._env = environment(url)
        self._git = require("git")
        self.git("init", "--quiet", "--bare", "--template=", str(folder), bare=False)
        # Through the configuration: an address is never a word of a command line.
        config = folder / "config"
        quoted = url.replace("\\", "\\\\").replace('"', '\\"')
        with config.open("a", encoding="utf-8") as stream:
            stream.write(f'[remote "origin"]\n\turl = "{quoted}"\n')

    def git(
        self,
        *words: str,
        timeout: float = LOCAL_TIMEOUT,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        bare: bool = True,
        limited: bool = False,
    ) -> str:
        """Run git and return its standard output. Raises ToolFailed, ToolTimeout."""
        return self.run(
            *words, timeout=timeout, input=input, env=env, bare=bare, limited=limited, check=True
        ).stdout

    def run(
        self,
        *words: str,
        timeout: float = LOCAL_TIMEOUT,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        bare: bool = True,
        limited: bool = False,
        check: bool = False,
    ) -> Completed:
        """As `git`, with the exit code; `limited` holds every written file below `max_bytes`."""
        argv: list[str | Path] = [self._git]
        if limited and self._max_bytes is not None:
            guard = Path(__file__).with_name("limited.py")
            argv = [sys.executable, "-I", "-S", guard, str(self._max_bytes), self._git]
        for setting in _SETTINGS:
            argv += ["-c", setting]
        if bare:
            argv += ["--git-dir", self.folder]
        return run(
            [*argv, *words],
            timeout=timeout,
            cwd=self.folder.parent,
            env={**self._env, **(env or {})},
            input=input,
            check=check,
        )


def said_by(error: ToolFailed) -> str:
    """The last thing that git said, as one line."""
    lines = [line.strip() for line in error.completed.stderr.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    return (telling or lines or ["it said nothing"])[-1]


def ask(root: Path, *words: str) -> str | None:
    """What git says about a user's own checkout; None where it says no."""
    safe = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    done = run(
        [require("git"), *safe, "-C", root, *words],
        timeout=LOCAL_TIMEOUT,
        env={**environment(), "GIT_OPTIONAL_LOCKS": "0"},
    )
    return done.stdout.strip() if done.ok else None


def is_local(url: str) -> bool:
    """Whether the repository lies on this machine."""
    return url.startswith("file://") or Path(url).is_absolute()
