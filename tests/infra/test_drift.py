"""Drift: by plans that a provider made, and by Terraform itself over roots without a provider."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gleis.cli import main
from gleis.infra import drift, drift_report, roots, terraform
from gleis.infra.plan import Plan

from .conftest import CODE, MakeRoot, plan_json
from .test_plan import plan_of, resource


def edit_state(folder: Path, old: str, new: str) -> None:
    state = folder / "terraform.tfstate"
    assert old in state.read_text()
    state.write_text(state.read_text().replace(old, new))


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_policy_that_somebody_changed_is_named_with_its_attribute() -> None:
    found = drift.drifted(Plan.read(plan_json("s3-policy-changed")))
    changed, gone = found[0], found[1]
    assert (changed.kind, changed.address) == ("changed outside", "aws_s3_bucket_policy.data")
    (attribute,) = changed.attributes
    assert attribute.name == "policy.Statement[0].Effect"
    assert (attribute.before, attribute.after) == ("Deny", "Allow")
    assert (gone.kind, gone.address) == ("gone", "aws_ecr_repository.r")


def test_what_another_resource_of_ours_set_is_no_drift() -> None:
    found = drift.drifted(Plan.read(plan_json("s3-policy-changed")))
    assert [each.kind for each in found if each.address == "aws_s3_bucket.data"] == ["left alone"]
    assert drift.Checked(roots.Root("r", Path()), found[2:]).verdict == "as the code says"


def test_code_and_cloud_that_both_changed_are_told_apart() -> None:
    read = resource(before={"a": 1, "b": 1}, after={"a": 9, "b": 1})
    wanted = resource(before={"a": 9, "b": 1}, after={"a": 1, "b": 2}, after_unknown={"c": True})
    found = drift.drifted(plan_of(wanted, resource_drift=[read]))
    assert [(each.kind, [one.name for one in each.attributes]) for each in found] == [
        ("changed outside", ["a"]),
        ("not applied", ["b"]),
    ]


def test_what_follows_from_the_change_outside_is_not_counted_as_code() -> None:
    read = resource(before={"a": 1}, after={"a": 9})
    wanted = resource(before={"a": 9}, after={"a": 1}, after_unknown={"etag": True})
    found = drift.drifted(plan_of(wanted, resource_drift=[read]))
    assert [each.kind for each in found] == ["changed outside"]


def test_a_size_that_an_autoscaler_moved_is_no_drift() -> None:
    read = resource("aws_eks_node_group", before={"desired": 1}, after={"desired": 4})
    wanted = resource("aws_eks_node_group", ("no-op",))
    checked = drift.Checked(
        roots.Root("r", Path()), drift.drifted(plan_of(wanted, resource_drift=[read]))
    )
    assert [each.kind for each in checked.drifted] == ["left alone"]
    assert drift_report.report([checked]).exit_code == 0


def test_findings_are_of_the_common_model_with_stable_fingerprints() -> None:
    root = roots.Root("aws/dev/network", Path.cwd())
    checked = drift.Checked(root, drift.drifted(Plan.read(plan_json("s3-policy-changed"))))
    report = drift_report.report([checked])
    assert [each.rule for each in report.failing] == ["drift/changed-outside", "drift/gone"]
    assert report.exit_code == 1
    assert len({each.fingerprint for each in report.findings}) == len(report.findings)
    assert drift_report.report([checked]).findings == report.findings


def test_a_root_that_could_not_be_checked_outweighs_drift() -> None:
    root = roots.Root("r", Path.cwd())
    drifted = drift.Checked(root, (drift.Drifted("gone", "a.b", "a"),))
    broken = drift.Checked(root, problem="no credentials")
    assert drift_report.report([drifted]).exit_code == 1
    assert drift_report.report([drifted, broken]).exit_code == 3
    assert "no credentials" in drift_report.markdown([drifted, broken])


def test_a_state_that_was_edited_by_hand_is_drift(
    make_root: MakeRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_root()
    assert main(["infra", "drift", "--root", str(folder)]) == 0
    edit_state(folder, '"green"', '"mauve"')
    before = files(folder)
    assert main(["infra", "drift", "--root", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "terraform_data.this is not as the code says: the code was not applied (update)" in said
    assert 'input.colour: "mauve" → "green"' in said
    assert files(folder) == before


def test_twenty_roots_are_checked_in_order_and_one_failure_stops_no_other(
    make_root: MakeRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_root("root00")
    for number in range(1, 20):
        folder = first.with_name(f"root{number:02}")
        folder.mkdir()
        for name in ("main.tf", "terraform.tfstate"):
            (folder / name).write_bytes((first / name).read_bytes())
    edit_state(first.with_name("root07"), '"green"', '"mauve"')
    (first.with_name("root13") / "main.tf").write_text("resource {\n")
    paths = [str(first.with_name(f"root{number:02}")) for number in range(20)]
    asked = ["infra", "drift", "--json"] + [word for path in paths for word in ("--root", path)]
    assert main(asked) == 3
    said = json.loads(capsys.readouterr().out)
    assert [each["root"] for each in said["roots"]] == [Path(path).name for path in paths]
    verdicts = {each["root"]: each["verdict"] for each in said["roots"]}
    assert verdicts.pop("root07") == "drifted"
    assert verdicts.pop("root13") == "could not be checked"
    assert set(verdicts.values()) == {"as the code says"}
    assert "main.tf" in next(each["problem"] for each in said["roots"] if each["problem"])


def test_a_root_that_was_never_applied_is_drift(make_root: MakeRoot) -> None:
    folder = make_root()
    (folder / "terraform.tfstate").unlink()
    (found,) = drift.one(roots.single(folder), terraform.find()).drifted
    assert (found.kind, found.action) == ("not applied", "create")


def test_an_override_file_in_the_root_counts(make_root: MakeRoot) -> None:
    folder = make_root()
    (folder / "test_override.tf").write_text('variable "colour" {\n  default = "red"\n}\n')
    (found,) = drift.one(roots.single(folder), terraform.find()).drifted
    assert found.attributes[0].after == "red"


def test_a_slow_terraform_is_stopped_with_its_children_and_said_to_be_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.tf").write_text(CODE)
    monkeypatch.setenv("GLEIS_TERRAFORM", str(_slow(tmp_path)))
    assert main(["infra", "drift", "--root", str(tmp_path), "--timeout", "1"]) == 3
    assert "took longer than 1 s" in capsys.readouterr().out
    assert _gone(tmp_path / "child.pid")


def test_an_interrupt_ends_every_terraform_that_runs(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(CODE)
    argv = [sys.executable, "-P", "-m", "gleis", "infra", "drift", "--root", str(tmp_path)]
    env = {**os.environ, "GLEIS_TERRAFORM": str(_slow(tmp_path))}
    process = subprocess.Popen(
        argv,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell that starts the tests in the background lets its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    pid = tmp_path / "child.pid"
    for _ in range(300):
        if pid.is_file() and pid.read_text().strip():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert _gone(pid)


def _slow(folder: Path) -> Path:
    """A terraform that says its version at once, and needs forever for all else."""
    script = folder / "terraform.sh"
    script.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo \'{"terraform_version": "1.11.4"}\'; exit; fi\n'
        f"sleep 600 & echo $! > '{folder}/child.pid'\nwait\n"
    )
    script.chmod(0o755)
    return script


def _gone(pid_file: Path) -> bool:
    pid = int(pid_file.read_text())
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]:
            return True
        time.sleep(0.1)
    return False
