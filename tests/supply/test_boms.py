"""Bills of materials: complete, valid CycloneDX 1.6, and the same bytes every time."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from gleis.supply import boms
from gleis.tools.environments import Environment

from .conftest import image_of

EPOCH = 1_700_000_000
DPKG = b"""Package: libssl3
Status: install ok installed
Architecture: amd64
Version: 1:3.0.17-1~deb12u2+b1

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
TRAIN = {
    "data_sha256": "a" * 64,
    "model_sha256": "b" * 64,
    "git_commit": "c" * 40,
    "seed": 7,
    "params": {"max_depth": 3, "criterion": "gini"},
    "versions": {"python": "3.12.1", "scikit-learn": "1.8.0"},
}
METRICS = {
    "task": "classification",
    "overall": {"f1_macro": {"value": 0.9, "low": 0.8, "high": 0.95}},
    "slices": {"site": {"north": {"n": 9, "metrics": {"f1_macro": {"value": 0.7}}}}},
}


def model_bom() -> dict[str, Any]:
    return boms.of_model("bearing-wear", "3", TRAIN, METRICS, EPOCH)


def image_bom(folder: Path) -> dict[str, Any]:
    image = image_of(
        folder / "image.tar",
        {
            "usr/lib/os-release": b'ID=debian\nVERSION_ID="12"\n',
            "var/lib/dpkg/status": DPKG,
            "opt/venv/lib/python3.12/site-packages/A_b.c-1.0.dist-info/METADATA": (
                b"Metadata-Version: 2.1\nName: A_b.c\nVersion: 1.0+cpu\n\nName: not this\n"
            ),
        },
        labels={"team": "vision"},
    )
    return boms.of_image(image, "bearing-wear", EPOCH)


def complaints(tools: Environment, *documents: dict[str, Any]) -> list[str]:
    """What the CycloneDX project's own validator has against each document, strictly."""
    code = (
        "import json, sys\n"
        "from cyclonedx.schema import SchemaVersion\n"
        "from cyclonedx.validation.json import JsonStrictValidator\n"
        "validator = JsonStrictValidator(SchemaVersion.V1_6)\n"
        "found = [validator.validate_str(json.dumps(each)) for each in json.load(sys.stdin)]\n"
        "json.dump([str(each or '') for each in found], sys.stdout)\n"
    )
    done = subprocess.run(
        [tools.python, "-c", code],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
    )
    said: list[str] = json.loads(done.stdout)
    return said


def test_all_three_are_valid_and_the_validator_can_say_no(
    tools: Environment, tmp_path: Path
) -> None:
    subject = {"type": "application", "bom-ref": "root", "name": "bearing-wear", "version": "1"}
    python = boms.of_environment(tools, tools.python, subject, EPOCH)
    assert {"pip_audit", "model-signing"} <= {each["name"] for each in python["components"]}
    # The validator takes long over each component, and they are all of one shape.
    few = {**python, "components": python["components"][:8], "dependencies": []}

    said = complaints(
        tools, few, image_bom(tmp_path), model_bom(), {**model_bom(), "componets": []}
    )

    assert said[:3] == ["", "", ""]
    assert "componets" in said[3]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    assert json.dumps(model_bom()) == json.dumps(model_bom())
    assert json.dumps(image_bom(tmp_path)) == json.dumps(image_bom(tmp_path))
    other = boms.of_model("bearing-wear", "4", TRAIN, METRICS, EPOCH)
    assert other["serialNumber"] != model_bom()["serialNumber"]
    assert model_bom()["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_an_image_tells_its_system_and_python_packages(tmp_path: Path) -> None:
    found = {each["name"]: each for each in image_bom(tmp_path)["components"]}

    assert set(found) == {"a-b-c", "debian", "libssl3"}
    assert found["a-b-c"]["purl"] == "pkg:pypi/a-b-c@1.0%2Bcpu"
    assert found["libssl3"]["purl"] == (
        "pkg:deb/debian/libssl3@1:3.0.17-1~deb12u2%2Bb1?arch=amd64&distro=debian-12"
    )


def test_a_model_tells_its_data_code_parameters_and_metrics() -> None:
    model = model_bom()["metadata"]["component"]
    (data, *_) = model_bom()["components"]

    assert model["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert model["pedigree"]["commits"] == [{"uid": "c" * 40}]
    assert {"name": "gleis:parameter:max_depth", "value": "3"} in model["properties"]
    assert data["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert model["modelCard"]["modelParameters"]["datasets"] == [{"ref": data["bom-ref"]}]
    assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"] == [
        {
            "type": "f1_macro",
            "value": "0.9",
            "slice": "overall",
            "confidenceInterval": {"lowerBound": "0.8", "upperBound": "0.95"},
        },
        {"type": "f1_macro", "value": "0.7", "slice": "site=north"},
    ]
