"""The adapters of the outside checkers: limits hold, no secret is shown, no repo is obeyed."""

from __future__ import annotations

import json

import pytest

from gleis.check.runners import checkov, secrets
from gleis.check.tree import CannotCheck, Text

CHECKS = ["CKV_DOCKER_3", "CKV_DOCKER_8", "CKV_GLEIS_DOCKER_1"]


def test_checkov_says_what_its_own_command_says(check_environment):
    text = Text("images/a.Dockerfile", "FROM python:3.12\nUSER root\n")

    found = checkov.run(check_environment, [text], CHECKS)

    assert [(r.check, r.file, r.line) for r in found.items] == [
        ("CKV_DOCKER_8", "images/a.Dockerfile", 2),
        ("CKV_GLEIS_DOCKER_1", "images/a.Dockerfile", 1),
    ]
    assert found.unreadable == ()


def test_a_configuration_in_the_repo_is_not_obeyed(project, check):
    (project / ".checkov.yaml").write_text("skip-check: [CKV_DOCKER_3]\nexternal-checks-dir: [.]\n")
    (project / "evil.py").write_text(f"open({str(project / 'started')!r}, 'w')\n")
    (project / "__init__.py").touch()
    (project / "Dockerfile").write_text("FROM scratch\n")

    (finding,) = check(project, "SOP-005").findings

    assert finding.message == "no USER is set, so the container runs as root"
    assert not (project / "started").exists()


def test_a_checkov_that_hangs_is_stopped_and_told(project, check, monkeypatch):
    monkeypatch.setattr(checkov, "TIMEOUT", 0.05)

    (finding,) = check(project, "SOP-005").findings

    assert finding.message.startswith("could not be checked: Checkov gave no answer")


@pytest.mark.parametrize("said", ["", "Traceback", "[]", "{}", '{"passed": 0, "failed": 0}'])
def test_an_answer_without_results_is_no_all_clear(check_environment, monkeypatch, said):
    from gleis.tools import Completed

    monkeypatch.setattr(
        checkov.tools, "run", lambda argv, **_: Completed(tuple(argv), 0, said, "", 0.1)
    )
    text = Text("Dockerfile", "FROM scratch\n")

    try:
        unreadable = checkov.run(check_environment, [text], CHECKS).unreadable
    except CannotCheck:
        return
    assert [error.file for error in unreadable] == ["Dockerfile"]


def test_checkov_is_not_started_without_a_dockerfile(project, check, monkeypatch):
    (project / "Dockerfile").unlink()
    monkeypatch.setattr(checkov, "run", lambda *_: pytest.fail("started"))

    assert check(project, "SOP-005").findings == ()


def test_a_secret_is_nowhere_in_what_we_say(project, check):
    key, word = "AKIA" + "2E0A8F3B244C9986", "Blauwal-7-Trommel"
    (project / "a.py").write_text(f'KEY = "{key}"\npass' + f'word = "{word}"\n')

    report = check(project, "SOP-006")
    said = json.dumps([finding.to_dict() for finding in report.findings])

    assert len(report.findings) == 2
    assert key not in said
    assert word not in said


def test_one_waived_secret_does_not_cover_another(project, check):
    path = project / "a.py"
    path.write_text('KEY = "AKIA' + '2E0A8F3B244C9986"\n')
    (first,) = check(project, "SOP-006").findings
    path.write_text('KEY = "AKIA' + '7HQ2M4N8P6R5T3V9"\n')

    (second,) = check(project, "SOP-006").findings

    assert first.fingerprint != second.fingerprint


def test_binary_files_locks_and_data_are_not_read_for_secrets(project, check):
    key = "AKIA" + "2E0A8F3B244C9986"
    (project / "model.bin").write_bytes(b"\0" + key.encode())
    (project / "uv.lock").write_text(key)
    with (project / "data.csv").open("w") as stream:
        stream.write("1,2,3\n" * 500_000)

    assert check(project, "SOP-006").findings == ()


def test_text_that_is_too_large_to_read_is_told(project, check):
    (project / "dump.sql").write_text("x = 1\n" * 500_000)

    (finding,) = check(project, "SOP-006").findings

    assert finding.file == "dump.sql"
    assert "could not be checked: it is larger than" in finding.message


def test_text_in_another_encoding_is_read(project, check):
    (project / "a.ini").write_bytes(b"# \xe4\nkey = AKIA" + b"2E0A8F3B244C9986\n")

    (finding,) = check(project, "SOP-006").findings

    assert finding.place == "a.ini:2"


def test_a_worker_that_reads_too_little_is_no_all_clear(check_environment, monkeypatch):
    from gleis.tools import Completed

    answer = json.dumps({"scanned": 1, "secrets": []})
    monkeypatch.setattr(
        secrets.tools, "run", lambda argv, **_: Completed(tuple(argv), 0, answer, "", 0.1)
    )

    with pytest.raises(CannotCheck, match="read 1 of 2 files"):
        secrets.scan(check_environment, {"a": b"x", "b": b"y"})
