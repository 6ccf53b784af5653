"""Checkov has nothing to say of terraform/, and what it is told to overlook has a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .rig import TERRAFORM, modules
from .rig.checkov import Result, Scan, scan

_SKIP = re.compile(r"#\s*checkov:skip\s*=\s*([A-Z0-9_]+)\s*:?[ \t]*(.*)")
_TYPE = re.compile(r'^resource "(\w+)"', re.M)
TABLE = TERRAFORM / "SKIPPED.md"
# Checkov 3.3.30 has no check of these: a module of nothing else leaves no result.
WITHOUT_CHECKS = (
    "_budget",
    "_budgets_budget",
    "_consumption_budget",
    "azurerm_federated_identity_credential",
    "azurerm_log_analytics_workspace",
    "azurerm_monitor_",
    "azurerm_resource_group",
    "azurerm_role_assignment",
    "azurerm_user_assigned_identity",
    "google_binary_authorization_policy",
    "google_monitoring_notification_channel",
)
HEAD = """\
# What Checkov is told to overlook

Each skip is a comment in the resource that it is about, `#checkov:skip=ID:reason`. This table is
tested against those comments; `./dev test tests/terraform/test_checkov.py` prints what it lacks.

| check | where | reason |
|---|---|---|
"""


@pytest.fixture(scope="module")
def said(tree: Path) -> Scan:
    return scan(tree)


def test_no_check_fails(said: Scan) -> None:
    assert not said.failed, "\n".join(str(each) for each in sorted(said.failed))


def test_every_module_was_read(said: Scan) -> None:
    assert said.unread == ()
    seen = {Path(each.file).parent.as_posix() for each in said.passed | said.skipped}
    for module in modules():
        text = "".join(path.read_text() for path in module.folder.glob("*.tf"))
        checked = [kind for kind in _TYPE.findall(text) if not _has_no_checks(kind)]
        if checked:
            assert module.name in seen, f"Checkov says nothing of {module.name}: {checked}"


def _has_no_checks(kind: str) -> bool:
    return kind.startswith("terraform_") or any(part in kind for part in WITHOUT_CHECKS)


def test_every_skip_has_a_reason_and_is_of_use(said: Scan) -> None:
    used = {(each.check, each.file) for each in said.skipped}
    for file, check, reason in skips():
        assert len(reason.split()) >= 6, f"{file}: say why {check} is skipped, in a sentence"
        assert (check, file) in used, f"{file}: {check} speaks of nothing here, take the skip out"


def test_the_skips_are_in_the_table(said: Scan) -> None:
    rows = {f"| {each.check} | `{_place(each)}` | {each.reason} |\n" for each in said.skipped}
    wanted = HEAD + "".join(sorted(rows)) + f"\n{len(rows)} skips.\n"

    assert TABLE.read_text() == wanted, f"put this into {TABLE}:\n{wanted}"


def _place(each: Result) -> str:
    return f"{Path(each.file).parent.as_posix()}: {each.resource}"


def skips() -> Iterator[tuple[str, str, str]]:
    """File, check and reason of every comment that skips a check."""
    for path in sorted(TERRAFORM.rglob("*.tf")):
        for check, reason in _SKIP.findall(path.read_text()):
            yield path.relative_to(TERRAFORM).as_posix(), check, reason.strip()


def test_a_wrong_bucket_is_found(tmp_path: Path) -> None:
    module = tmp_path / "modules" / "store"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(
        'resource "aws_s3_bucket" "this" {\n  #checkov:skip=CKV_AWS_144:\n  bucket = "b"\n}\n'
        'resource "aws_kms_key" "this" {\n  enable_key_rotation = false\n}\n'
    )

    found = scan(tmp_path, ["CKV_AWS_7", "CKV_AWS_144"])

    assert [str(each) for each in found.failed] == [
        "CKV_AWS_7 modules/store/main.tf aws_kms_key.this: "
        "Ensure rotation for customer created CMKs is enabled"
    ]
    assert [each.check for each in found.skipped] == ["CKV_AWS_144"]
    assert _SKIP.findall((module / "main.tf").read_text()) == [("CKV_AWS_144", "")]
