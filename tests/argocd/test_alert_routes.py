"""An alert reaches the owner that it names, and nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.contract import platform
from gleis.gitops import alert_routes
from gleis.tools import catalogue, process

from . import monitoring
from .rig.programs import REPO
from .services import one, rendered
from .test_alert_rules import alerts

PLATFORM = platform.load(REPO / "platform.yaml")


def config() -> dict[str, Any]:
    """Alertmanager's own file, as kube-prometheus-stack makes it of our values."""
    found: dict[str, Any] = alert_routes.values(PLATFORM)["alertmanager"]["config"]
    return found


def test_the_add_on_gets_these_routes() -> None:
    file = REPO / "argocd" / "platform" / "kube-prometheus-stack" / "rendered.yaml"
    assert yaml.safe_load(file.read_text())["alertmanager"]["config"] == config()


@pytest.fixture
def routed(tmp_path: Path) -> Callable[[dict[str, str]], str]:
    """What amtool says about an alert with these labels."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config()))

    def receiver(labels: dict[str, str]) -> str:
        argv = [catalogue.require("amtool"), "config", "routes", "test", f"--config.file={file}"]
        argv += [f"{name}={value}" for name, value in labels.items()]
        return process.run(argv, timeout=60, check=True).stdout.strip()

    return receiver


@pytest.mark.real
@pytest.mark.needs("amtool")
def test_amtool_takes_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config()))
    done = process.run([catalogue.require("amtool"), "check-config", file], timeout=60)

    assert done.ok, done.stdout + done.stderr


@pytest.mark.real
@pytest.mark.needs("amtool")
@pytest.mark.parametrize("name", ["online-prod", "online-dev", "batch"])
def test_every_alert_of_a_project_goes_to_its_owner(
    name: str, routed: Callable[[dict[str, str]], str]
) -> None:
    for each in alerts(name):
        page = each["labels"]["severity"] == "page"
        labels = {**each["labels"], "alertname": each["alert"]}
        assert routed(labels) == ("owner-page" if page else "owner"), each["alert"]


@pytest.mark.real
@pytest.mark.needs("amtool")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "KubeNodeNotReady", "severity": "critical"}, "platform"),
        ({"alertname": "Odd", "owner": "nobody", "severity": "page"}, "platform"),
        ({"alertname": "Watchdog", "severity": "none"}, "nobody"),
    ],
)
def test_what_has_no_owner_goes_to_the_platform_team(
    labels: dict[str, str], receiver: str, routed: Callable[[dict[str, str]], str]
) -> None:
    assert routed(labels) == receiver


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[monitoring.Mail]]]:
    """A real Alertmanager that mails at once, and what it mailed."""
    told = config()
    with monitoring.mailbox() as (address, mails):
        told["global"] |= {"smtp_smarthost": address, "smtp_require_tls": False, "smtp_hello": "it"}
        for route in (told["route"], *told["route"]["routes"]):
            route["group_wait"] = "0s"
        folder = tmp_path_factory.mktemp("alertmanager")
        with monitoring.alertmanager(folder, told) as url:
            yield url, mails


def _raise(url: str, *labels: dict[str, str]) -> None:
    body = [{"labels": each, "annotations": {"summary": "it"}} for each in labels]
    status, said = monitoring.get(f"{url}/api/v2/alerts", body)
    assert status == 200, said


def _mailed(mails: list[monitoring.Mail], model: str) -> list[monitoring.Mail]:
    return [each for each in mails if f" {model} in " in str(each.message["Subject"])]


@pytest.mark.real
@pytest.mark.needs("alertmanager")
def test_two_owners_get_a_mail_each_and_never_each_others(
    office: tuple[str, list[monitoring.Mail]],
) -> None:
    url, mails = office
    common = {"alertname": "ModelServiceDown", "severity": "page", "environment": "prod"}
    owners = {"lane-keeping": "vision-ml@example.com", "weld-seams": "quality-ml@example.com"}

    _raise(
        url,
        *({**common, "model": model, "namespace": model, "owner": owner}
          for model, owner in owners.items()),
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not all(_mailed(mails, model) for model in owners):
        time.sleep(0.1)

    for model, owner in owners.items():
        (mail,) = _mailed(mails, model)
        assert mail.recipients == (owner,)
        assert mail.message["Subject"] == f"[FIRING] {model} in prod: ModelServiceDown"


@pytest.mark.real
@pytest.mark.needs("alertmanager")
def test_who_was_woken_gets_no_ticket_of_the_same(
    office: tuple[str, list[monitoring.Mail]],
) -> None:
    url, mails = office
    common = {
        "alertname": "ModelAvailabilityBudgetBurn", "environment": "prod", "model": "press-force",
        "namespace": "quality-press-force-prod", "owner": "quality-ml@example.com",
    }  # fmt: skip

    _raise(url, {**common, "severity": "page", "window": "1h"})
    _raise(url, {**common, "severity": "ticket", "window": "3d"})
    deadline = time.monotonic() + 20
    states: list[str] = []
    while time.monotonic() < deadline and sorted(states) != ["active", "suppressed"]:
        time.sleep(0.1)
        _, body = monitoring.get(f"{url}/api/v2/alerts?filter=model%3Dpress-force")
        states = [each["status"]["state"] for each in yaml.safe_load(body)]

    assert sorted(states) == ["active", "suppressed"]
    for mail in _mailed(mails, "press-force"):
        assert "window = 3d" not in str(mail.message)


def test_a_route_of_the_namespace_is_the_same_for_who_asks_for_it() -> None:
    spec = one(rendered("alertmanager-config"), "AlertmanagerConfig")["spec"]

    assert spec["receivers"][0]["emailConfigs"][0]["to"] == "drivetrain-ml@example.com"
    assert {spec["route"]["receiver"], spec["route"]["routes"][0]["receiver"]} == {"owner"}
