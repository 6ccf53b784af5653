"""The stages: `deploy` installs, then promotes; `promote` gives each environment its alias."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from gleis.contract import project
from gleis.gitops.location import locate
from gleis.pipeline import graph
from gleis.pipeline.graph import Occasion
from gleis.pipeline.stage import Context, Outcome
from gleis.pipeline.worker import Answer
from gleis.stages import deploy, promote
from gleis.stages.deploy import required

from .conftest import Shop, git


class Registry:
    """Stands for a worker whose registry has the model of `.gleis/out/registration.json`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[dict[str, Any]] = []

    def call(self, _file: str, function: str, arguments: dict[str, Any], **_: Any) -> Answer:
        self.calls.append({"function": function, **arguments})
        if function == "promote":
            return Answer(0, {"alias": arguments["alias"], "previous": None})
        folder = self.root / arguments["into"]
        folder.mkdir(parents=True)
        (folder / "model.skops").write_text("model")
        said = json.loads((self.root / ".gleis/out/registration.json").read_text())
        return Answer(0, {"model_sha256": said["model_sha256"]})


def unwanted() -> NoReturn:
    raise AssertionError("not needed here")


@pytest.fixture
def context(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Context]:
    monkeypatch.setenv("GLEIS_PLATFORM", str(shop.platform_file))
    monkeypatch.delenv("GLEIS_APPROVER", raising=False)
    (shop.root / "src").mkdir()
    (shop.root / "src" / "serve.py").write_text("")
    (shop.root / "requirements.lock").write_text("")
    git(shop.root, "add", "-A")
    git(shop.root, "commit", "-qm", "code")

    def make(environment: str, event: str = "manual", stage: str = "deploy") -> Context:
        registration = shop.root / ".gleis/out/registration.json"
        if "run_id" not in registration.read_text():
            from gleis.tools import sha256

            said = json.loads(registration.read_text())
            registration.write_text(json.dumps({**said, "run_id": "r", "name": shop.name}))
            digest = {".gleis/out/registration.json": sha256(registration)}
            shop.record("register", outputs=digest)
            shop.record("publish", inputs=digest)
        worker = Registry(shop.root)
        return Context(
            shop.root,
            shop.contract,
            shop.platform,
            graph.load().stages[stage],
            environment,
            shop.root / ".gleis/run/deploy.log",
            lambda _line: None,
            unwanted,
            lambda: worker,  # type: ignore[arg-type, return-value]
            unwanted,
            event,
        )

    return make


Make = Callable[..., Context]


def release(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shop.root / ".gleis/out/release.json").read_text())
    return found


def test_for_this_machine_nothing_is_promoted(shop: Shop, context: Make) -> None:
    assert deploy.run(context("local")).verdict == "passed"
    assert "commit" not in release(shop)
    assert (shop.root / ".gleis/releases/current/model/model.skops").is_file()
    assert len(shop.subjects("dev")) == 1


def test_for_an_environment_the_release_names_the_commit_of_the_state(
    shop: Shop,
    context: Make,
) -> None:
    outcome = deploy.run(context("dev", "main"))
    assert outcome.verdict == "passed", outcome.reason
    said = release(shop)
    assert said["environment"] == "dev"
    assert said["version"] == "1"
    assert said["digest"] == f"sha256:{1:064x}"
    assert said["commit"] == git(shop.state, "rev-parse", "HEAD").strip()
    assert (shop.root / ".gleis/releases/current/model").is_dir(), "smoke starts it"


def test_the_next_environment_gets_what_the_one_before_it_runs(
    shop: Shop,
    context: Make,
) -> None:
    refused = deploy.run(context("staging", "main"))
    assert refused.verdict == "failed"
    assert "nothing runs in dev yet" in refused.reason
    assert deploy.run(context("dev", "main")).verdict == "passed"
    assert deploy.run(context("staging", "main")).verdict == "passed"
    shop.ran(2)
    refused = deploy.run(context("staging", "main"))
    assert "dev runs v1" in refused.reason
    assert "not v2" in refused.reason


@pytest.mark.parametrize("event", ["main", "drift"])
def test_production_waits_for_the_person_that_the_ci_system_names(
    shop: Shop,
    context: Make,
    monkeypatch: pytest.MonkeyPatch,
    event: str,
) -> None:
    for environment in ("dev", "staging"):
        assert deploy.run(context(environment, event)).verdict == "passed"
    assert "--approver" in deploy.run(context("prod", event)).reason
    monkeypatch.setenv("GLEIS_APPROVER", "drivetrain-ml@example.com")
    assert "somebody else" in deploy.run(context("prod", event)).reason
    monkeypatch.setenv("GLEIS_APPROVER", "quality-ml@example.com")
    assert deploy.run(context("prod", event)).verdict == "passed"
    assert "Approver: quality-ml@example.com" in git(shop.state, "log", "-1", "--format=%b")


def test_what_has_to_stand_behind_a_deployment_depends_on_the_occasion(
    shop: Shop,
) -> None:
    stages = graph.load()
    local = required(stages, shop.contract, Occasion("manual", "local"))
    dev = required(stages, shop.contract, Occasion("main", "dev"))
    assert {"lint", "test", "sop", "evaluate", "register"} <= set(local)
    assert set(dev) - set(local) == {
        "image", "sbom", "scan", "publish", "sign", "infra-plan",
    }  # fmt: skip
    assert not {"deploy", "smoke", "promote"} & set(dev)


@pytest.mark.parametrize(
    ("environments", "wanted"),
    [
        (
            "[dev, staging, prod]",
            {"local": "champion", "dev": "champion-dev", "staging": "champion-staging",
             "prod": "champion"},
        ),
        ("[dev, prod]", {"dev": "champion-dev", "prod": "champion"}),
        ("[dev]", {"dev": "champion"}),
    ],
)  # fmt: skip
def test_the_champion_is_what_the_last_environment_runs(
    shop: Shop,
    context: Make,
    environments: str,
    wanted: dict[str, str],
) -> None:
    if environments != "[dev, staging, prod]":
        shop.edit("environments: [dev, staging, prod]", f"environments: {environments}")
    for environment, alias in wanted.items():
        assert promote.alias(shop.contract, environment) == alias
        asked = context(environment, stage="promote")
        outcome: Outcome = promote.run(asked)
        assert outcome.verdict == "passed"
        worker: Any = asked.worker()
        assert [call["alias"] for call in worker.calls] == [alias]


def test_the_platform_of_the_stage_is_where_it_promotes_to(shop: Shop) -> None:
    assert locate(shop.platform, shop.platform_file).url == str(shop.state)
    assert project.load(shop.root, shop.platform).delivery.environments[0] == "dev"
