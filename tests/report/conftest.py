"""Projects with the evidence of a run: what the stages would have left, written by hand."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

START = datetime(2026, 11, 22, 14, 3, 7, tzinfo=UTC)
COMMIT = "3f9a1c0de4b7a2956d18c0f7be51a39c24d80e6f"
DATA, MODEL, LOCK = ("d47a" * 16, "9be1" * 16, "57c0" * 16)
STAGES = [
    ("lint", "verify", 0.4, 1.9),
    ("test", "verify", 2.3, 3.8),
    ("data-check", "train", 0.5, 1.1),
    ("train", "train", 1.6, 6.4),
    ("evaluate", "train", 8.1, 2.2),
    ("register", "train", 10.3, 1.3),
    ("sop", "package", 6.2, 2.9),
    ("deploy", "deliver", 11.7, 0.6),
    ("smoke", "deliver", 12.3, 2.4),
    ("promote", "deliver", 14.7, 0.3),
]
SOPS = [
    ("SOP-001", "The contract is valid", "critical"),
    ("SOP-002", "The repo has owners", "medium"),
    ("SOP-003", "CI references are pinned", "high"),
    ("SOP-004", "Dependencies are locked with hashes", "high"),
    ("SOP-005", "The image is pinned and does not run as root", "high"),
    ("SOP-006", "No secrets in the repo", "critical"),
    ("SOP-007", "The data contract is present", "medium"),
    ("SOP-008", "The model card is complete", "medium"),
    ("SOP-009", "The gate is not weaker than the organisation's floor", "high"),
    ("SOP-010", "Licence and risk class are stated", "low"),
]
CARD = """---
language: en
---
<!-- write for a reader who has never seen the project -->
# Model card

## Intended use

Warns the **maintenance crew** of worn bearings a shift ahead. It does not stop a machine.

| use | allowed |
|---|---|
| planning of maintenance | yes |
| safety shutdown | no |

## Limits

- Trained on machines of *two* plants; see [the handbook](https://example.com/handbook).
- Not tested below 5 °C.
"""


def rfc3339(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


class Site:
    """A project folder that a test writes evidence into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)

    def write(self, name: str, content: Any) -> str:
        """Write text, or anything else as JSON; give its SHA-256."""
        text = content if isinstance(content, str) else json.dumps(content)
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return hashlib.sha256(text.encode()).hexdigest()

    def statement(self, stage: str, subjects: dict[str, str] | None = None, **over: Any) -> None:
        """Evidence of `stage`; what is not given is what a good run leaves."""
        job, begin, seconds = next(s[1:] for s in STAGES if s[0] == stage)
        predicate = {
            "stage": stage,
            "job": job,
            "environment": "local",
            "verdict": "passed",
            "reason": "",
            "startedOn": rfc3339(begin),
            "finishedOn": rfc3339(begin + seconds),
            "durationSeconds": seconds,
            "key": "1" * 64,
            "source": {"commit": COMMIT, "branch": "main", "dirty": False},
            "inputs": [],
            "parameters": {"model.framework": "sklearn"},
            "versions": {"gleis": "0.1.0", "python": "3.11.7", "environment": LOCK},
            "metrics": {},
            "findings": [],
            "details": {},
            "log": f".gleis/run/{stage}.log",
        }
        listed = [{"name": n, "digest": {"sha256": d}} for n, d in (subjects or {}).items()]
        self.write(
            f".gleis/run/{stage}.json",
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": listed,
                "predicateType": "urn:x-gleis:evidence:v1",
                "predicate": {**predicate, **over},
            },
        )

    def pipeline(self, states: dict[str, str] | None = None, verdict: str = "passed") -> None:
        """The run; stages not named in `states` were executed."""
        stages = []
        for stage, job, begin, seconds in STAGES:
            state = (states or {}).get(stage, "executed")
            ran = state in {"executed", "failed"}
            stages.append(
                {
                    "stage": stage,
                    "job": job,
                    "state": state,
                    "startedOn": rfc3339(begin) if ran else None,
                    "durationSeconds": seconds if ran else 0,
                }
            )
        self.write(
            ".gleis/run/pipeline.json",
            {
                "run": "20261122-140307-5d1c",
                "startedOn": rfc3339(0),
                "finishedOn": rfc3339(15.1),
                "verdict": verdict,
                "stages": stages,
            },
        )

    def contract(self, name: str, task: str, metric: dict[str, Any]) -> None:
        self.write(
            "project.yaml",
            {
                "apiVersion": "gleis/v1",
                "kind": "MLProject",
                "metadata": {
                    "name": name,
                    "team": "drivetrain",
                    "owner": "drivetrain-ml@example.com",
                    "costCenter": "CC-4711",
                    "dataClass": "internal",
                    "risk": "limited",
                },
                "model": {"framework": "sklearn", "task": task, "metric": metric},
                "training": {
                    "engine": "single",
                    "nodes": 1,
                    "gpusPerNode": 0,
                    "gpuType": "none",
                    "maxHours": 2,
                    "schedule": "0 3 * * 0",
                },
                "serving": {
                    "mode": "online",
                    "slo": {"availability": 99.5, "latencyP99Ms": 200},
                    "replicas": {"min": 2, "max": 10},
                },
                "delivery": {
                    "target": "kubernetes",
                    "cloud": "aws",
                    "ci": ["github"],
                    "environments": ["dev", "staging", "prod"],
                },
            },
        )
        self.write(".copier-answers.yml", "_commit: v0.1.0\n_src_path: https://example.com/gleis\n")
        self.write("docs/model-card.md", CARD)


def measured(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def metrics(task: str, better: float = 0.0) -> dict[str, Any]:
    """`metrics.json` of a good model; `better` moves the primary metric up."""
    common = {
        "task": task,
        "model_sha256": MODEL,
        "data_sha256": DATA,
        "n": 569,
        "interval": {"method": "bootstrap percentile", "level": 0.95, "resamples": 1000},
    }
    if task == "classification":
        f1 = 0.9312 + better
        by = [("press", 214, 0.951), ("lathe", 187, 0.9274), ("mill & drill", 168, 0.8923)]
        return common | {
            "primary": "f1_macro",
            "goal": "maximize",
            "overall": {
                "accuracy": measured(0.9402 + better),
                "f1_macro": measured(f1, 0.024),
                "balanced_accuracy": measured(0.9288 + better),
                "log_loss": measured(0.1873, 0.03),
            },
            "slices": {
                "machine_type": {
                    value: {
                        "n": n,
                        "metrics": {"f1_macro": measured(x, 0.04), "accuracy": measured(x + 0.01)},
                    }
                    for value, n, x in by
                }
            },
            "plots": {
                "confusion": {
                    "labels": ["worn", "fair", "good"],
                    "matrix": [[151, 9, 0], [7, 168, 6], [1, 11, 216]],
                }
            },
        }
    rng = random.Random(0)
    actual = [rng.uniform(20, 340) for _ in range(500)]
    return common | {
        "primary": "rmse",
        "goal": "minimize",
        "overall": {
            "rmse": measured(54.13, 3.9),
            "mae": measured(43.77, 3.1),
            "r2": measured(0.4871, 0.07),
        },
        "slices": {
            "sex": {
                "female": {"n": 51, "metrics": {"rmse": measured(55.2, 6.1)}},
                "male": {"n": 60, "metrics": {"rmse": measured(53.1, 5.4)}},
            }
        },
        "plots": {"residuals": [[a * 0.7 + 45 + rng.gauss(0, 26), a] for a in actual]},
    }


def gate_rows(task: str, floor: float) -> list[dict[str, Any]]:
    found = metrics(task)
    name, up = found["primary"], found["goal"] == "maximize"
    rows = []
    scopes = {"overall": found["overall"][name]["value"]} | {
        f"{column}={value}": entry["metrics"][name]["value"]
        for column, values in found["slices"].items()
        for value, entry in values.items()
    }
    for scope, value in scopes.items():
        ok = value >= floor if up else value <= floor
        rows.append(
            {
                "scope": scope,
                "kind": "floor",
                "metric": name,
                "value": value,
                "bound": floor,
                "ok": ok,
            }
        )
    return rows


def good(site: Site, task: str = "classification", floor: float | None = None) -> Site:
    """All that a run which passed leaves behind."""
    regression = task == "regression"
    floor = floor if floor is not None else 62.0 if regression else 0.85
    name = "diabetes-progress" if regression else "bearing-wear"
    found = metrics(task)
    site.contract(
        name,
        task,
        {"name": found["primary"], "goal": found["goal"], "floor": floor, "tolerance": 0.01},
    )
    site.pipeline()
    data = {
        "source": "sklearn.datasets (packed)",
        "sha256": DATA,
        "rows": 1897,
        "columns": ["mean_radius", "mean_texture", "machine_type", "state"],
        "target": "state",
        "split": {"train": 1328, "test": 569, "method": "stratified", "seed": 0, "overlap": 0},
        "checks": [
            {"name": "schema", "ok": True, "detail": "4 columns, 11 rules"},
            {"name": "leak", "ok": True, "detail": "no row of test stands in train"},
        ],
        "labels": {"min": 25, "mean": 152.1, "max": 346}
        if regression
        else {"worn": 533, "fair": 604, "good": 760},
    }
    outputs = {
        ".gleis/out/data/data.json": data,
        ".gleis/out/train.json": {
            "run_id": "b1946ac92492d2347c6235b4d2611184",
            "tracking_uri": "sqlite:///mlflow.db",
            "model_uri": "models:/m-1",
            "params": {"C": 1.0},
            "seed": 0,
            "data_sha256": DATA,
            "model_sha256": MODEL,
            "git_commit": COMMIT,
            "versions": {"python": "3.11.7", "scikit-learn": "1.9.0", "numpy": "2.4.1"},
            "seconds": 4.82,
        },
        ".gleis/out/model/model.json": {
            "name": name,
            "framework": "sklearn",
            "task": task,
            "target": "state",
            "features": [{"name": n, "dtype": "float64"} for n in ("mean_radius", "mean_texture")],
            "classes": None if regression else ["worn", "fair", "good"],
            "trusted_types": [],
            "data_sha256": DATA,
            "git_commit": COMMIT,
            "created": rfc3339(7),
            "input_example": {},
        },
        ".gleis/out/metrics.json": found,
    }
    sha = {file: site.write(file, content) for file, content in outputs.items()}
    tests = {"passed": 24, "failed": 0, "skipped": 1}
    site.statement("lint", details={"tools": {"ruff": "0.15.1"}})
    site.statement("test", details={"tools": {"pytest": "9.0.2"}, "tests": tests})
    file = ".gleis/out/data/data.json"
    site.statement("data-check", {file: sha[file]}, details=data)
    made = [".gleis/out/model/model.json", ".gleis/out/train.json"]
    skops = ".gleis/out/model/model.skops"
    site.statement("train", {skops: MODEL} | {f: sha[f] for f in made})
    champion = metrics(task, better=-0.0131) if not regression else None
    site.statement(
        "evaluate",
        {".gleis/out/metrics.json": sha[".gleis/out/metrics.json"]},
        details={
            "gate": gate_rows(task, floor),
            "champion": {"version": "3", "metrics": champion} if champion else None,
        },
    )
    held = [{"name": skops, "digest": {"sha256": MODEL}}]
    site.statement(
        "register",
        inputs=held,
        details={"name": name, "version": "4", "alias": "challenger", "uri": f"models:/{name}/4"},
    )
    rules = [{"id": i, "title": t, "severity": s, "outcome": "passed"} for i, t, s in SOPS]
    waived = {
        "rule": "SOP-005",
        "severity": "high",
        "message": "The base image is pinned by tag, not by digest",
        "remediation": "Pin `FROM` by digest.",
        "file": "Dockerfile",
        "line": 1,
        "waiver": {
            "owner": "drivetrain-ml@example.com",
            "approver": "platform@example.com",
            "ticket": "PLAT-212",
            "reason": "The mirror that keeps digests moves in December",
            "expires": "2026-12-31",
        },
    }
    site.statement("sop", findings=[waived], details={"rules": rules})
    release = ".gleis/releases/4-9be19be1"
    site.statement("deploy", inputs=held, details={"release": release, "version": "4"})
    site.statement(
        "smoke",
        details={
            "checks": [
                {"name": "ready", "ok": True, "detail": "/v2/health/ready in 0.9 s"},
                {"name": "predictions equal", "ok": True, "detail": "32 of 32 rows"},
                {"name": "bad input refused", "ok": True, "detail": "400 with a clear error"},
            ],
            "requests": 36,
            "latencySeconds": {"p50": 0.0041, "p99": 0.0137},
        },
    )
    site.statement(
        "promote", details={"name": name, "version": "4", "alias": "champion", "previous": "3"}
    )
    return site


def below_floor(site: Site) -> Site:
    """A run that the gate refused, after an earlier one that had registered version 4."""
    good(site, floor=0.9)
    rows = gate_rows("classification", 0.9)
    site.statement(
        "evaluate",
        {
            ".gleis/out/metrics.json": hashlib.sha256(
                (site.root / ".gleis/out/metrics.json").read_bytes()
            ).hexdigest()
        },
        verdict="failed",
        reason="f1_macro 0.8923 on machine_type=mill & drill is below the floor 0.9",
        source={"commit": COMMIT, "branch": "lower-floor", "dirty": True},
        details={"gate": rows, "champion": None},
    )
    late = ["register", "deploy", "smoke", "promote"]
    states = {"lint": "unchanged", "test": "unchanged", "evaluate": "failed"}
    site.pipeline(states | dict.fromkeys(late, "skipped"), verdict="failed")
    return site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty project folder."""
    return Site(tmp_path / "site")


@pytest.fixture
def passed(site: Site) -> Site:
    return good(site)


@pytest.fixture
def regression(site: Site) -> Site:
    return good(site, "regression")


@pytest.fixture
def refused(site: Site) -> Site:
    return below_floor(site)


@pytest.fixture
def write_metrics() -> Callable[..., dict[str, Any]]:
    return metrics
