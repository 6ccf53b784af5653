"""Look for secrets in the files of a folder; print kinds, lines and hashes as JSON.

Runs in the check environment: `python -I scan_secrets.py FOLDER`. No secret is ever printed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Detectors of detect-secrets. Left out: those that guess by entropy (hashes, digests and data in
# code are as random as keys are; each gave more noise than finds on the template and on this repo)
# and those that only speak of public addresses. Its detector of passwords in addresses passes over
# every line that mentions example.com somewhere; ours looks at the host.
PLUGINS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "JwtTokenDetector",
    "KeywordDetector",
    "MailchimpDetector",
    "NpmDetector",
    "PrivateKeyDetector",
    "SendGridDetector",
    "SlackDetector",
    "SoftlayerDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TwilioKeyDetector",
)
# The filter that honours `pragma: allowlist secret` is not among them: an exception is a waiver.
FILTERS = (
    "detect_secrets.filters.heuristic.is_indirect_reference",
    "detect_secrets.filters.heuristic.is_likely_id_string",
    "detect_secrets.filters.heuristic.is_not_alphanumeric_string",
    "detect_secrets.filters.heuristic.is_potential_uuid",
    "detect_secrets.filters.heuristic.is_prefixed_with_dollar_sign",
    "detect_secrets.filters.heuristic.is_sequential_string",
    "detect_secrets.filters.heuristic.is_templated_secret",
)
# Tokens with a mark of their own that the fork does not know, as their issuers document them.
MARKED = {
    "GitHub fine-grained token": r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}\b",
    "Google API key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "Hugging Face token": r"\bhf_[A-Za-z]{34}\b",
    "OpenAI key": r"\bsk-(?:proj-)?[A-Za-z0-9_-]{20}T3BlbkFJ[A-Za-z0-9_-]{20}",
    "PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{50,}",
}
ADDRESS = re.compile(
    r"://[^{}\s/:@\"']{0,200}:([^{}\s/@\"'$<%*][^{}\s/@\"']{0,200})@([A-Za-z0-9.-]+)"
)
# Hosts that are nobody's (RFC 2606, RFC 6761) or this machine.
NOBODYS_HOST = re.compile(
    r"(.+\.)?(example(\.(com|net|org))?|invalid|test|localhost)|127(\.\d+){3}", re.IGNORECASE
)
CHUNK = 20_000  # characters; longer lines are cut, because the detectors pass over very long ones
# What follows `password =` where it is a switch and not the password.
SWITCHES = frozenset(
    {"true", "false", "null", "none", "yes", "no", "required", "optional", "enabled", "disabled"}
)
OVERLAP = 500  # characters that two pieces share, so that no key is cut in two


def main(folder: str) -> int:
    """Scan every file of `folder`; returns an exit code."""
    os.environ["CHECKOV_MIN_LINE_LENGTH"] = "1"
    os.environ["CHECKOV_MAX_LINE_LENGTH"] = str(CHUNK + 1)
    from detect_secrets.settings import transient_settings

    found, scanned = [], 0
    settings = {
        "plugins_used": [{"name": name} for name in PLUGINS],
        "filters_used": [{"path": path} for path in FILTERS],
    }
    with transient_settings(settings):
        for path in sorted(Path(folder).iterdir()):
            numbers = _cut_long_lines(path)
            scanned += 1
            once = {
                (numbers[max(0, line - 1)] if line <= len(numbers) else line, kind, digest)
                for line, kind, digest in _secrets(path)
            }
            found += [
                {"file": path.name, "line": line, "kind": kind, "digest": digest}
                for line, kind, digest in sorted(once)
            ]
    json.dump({"scanned": scanned, "secrets": found}, sys.stdout)
    return 0


def _secrets(path: Path) -> Iterator[tuple[int, str, str]]:
    from detect_secrets.core.scan import scan_file

    for secret in scan_file(str(path)):
        if secret.type == "Secret Keyword" and (secret.secret_value or "").lower() in SWITCHES:
            continue
        yield secret.line_number, secret.type, _digest(secret.secret_value or "")
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        for kind, pattern in MARKED.items():
            for match in re.finditer(pattern, line):
                yield number, kind, _digest(match.group())
        for match in ADDRESS.finditer(line):
            if not NOBODYS_HOST.fullmatch(match.group(2)):
                yield number, "password in an address", _digest(match.group(1))


def _cut_long_lines(path: Path) -> list[int]:
    """Cut lines longer than CHUNK; returns the original number of each line that is now there."""
    text = path.read_text(encoding="utf-8")
    lines = re.split(r"\r\n|\n|\r", text)
    pieces: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        for start in range(0, max(1, len(line)), CHUNK - OVERLAP):
            pieces.append(line[start : start + CHUNK])
            numbers.append(number)
    path.write_text("\n".join(pieces), encoding="utf-8")
    return numbers


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
