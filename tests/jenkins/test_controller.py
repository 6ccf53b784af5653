"""What the controller is configured with: no default password, nothing implicit, nothing unpinned.

No controller runs here; what these files say is read as data.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from tests.jenkins.conftest import LIBRARY, REPO

from gleis.pipeline.ci import jenkins

PLUGIN = re.compile(r"[a-z0-9-]+:[0-9][\w.-]*")


@pytest.fixture(scope="module")
def casc() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((LIBRARY / "casc" / "jenkins.yaml").read_text())
    return loaded


def plugins() -> set[str]:
    lines = (LIBRARY / "plugins.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert all(PLUGIN.fullmatch(line) for line in pinned)
    return {line.partition(":")[0] for line in pinned}


def test_every_plugin_is_pinned_and_in_order() -> None:
    names = [line for line in (LIBRARY / "plugins.txt").read_text().splitlines() if ":" in line]
    names = [line for line in names if not line.startswith("#")]
    assert names == sorted(names)
    assert len(plugins()) == len(names)


# Each step and directive of the pipeline, and the plugin that brings it.
BROUGHT = {
    "archiveArtifacts": "workflow-aggregator",
    "input": "pipeline-input-step",
    "junit": "junit",
    "kubernetes": "kubernetes",
    "libraryResource": "pipeline-groovy-lib",
    "lock": "lockable-resources",
    "pipeline": "pipeline-model-definition",
    "recordIssues": "warnings-ng",
    "withCredentials": "credentials-binding",
}


def test_what_the_pipeline_uses_is_installed() -> None:
    text = (REPO / jenkins.PIPELINE).read_text()
    for word, plugin in BROUGHT.items():
        assert re.search(rf"\b{word}\b", text), word
        assert plugin in plugins()
    assert {"oidc-provider", "matrix-auth", "configuration-as-code"} <= plugins()


def test_the_library_is_named_never_implicit_and_lies_in_a_sub_folder(casc: dict[str, Any]) -> None:
    (library,) = casc["unclassified"]["globalLibraries"]["libraries"]
    assert library["name"] == "gleis"
    assert library["implicit"] is False
    assert library["allowVersionOverride"] is True
    assert "defaultVersion" not in library
    path = library["retriever"]["modernSCM"]["libraryPath"]
    assert (REPO / path / "vars" / "mlPipeline.groovy").is_file()


def test_no_secret_and_no_user_is_written_down(casc: dict[str, Any]) -> None:
    text = (LIBRARY / "casc" / "jenkins.yaml").read_text()
    assert not re.search(r"password:|hudsonPrivate|secretKey|token:", text, re.IGNORECASE)
    assert ":-" not in text, "a variable with a default hides that it is not set"
    assert "securityRealm" not in casc["jenkins"]
    for name, value in leaves(casc):
        if name.lower().endswith(("credentials", "credentialsid", "url", "remote", "namespace")):
            assert re.fullmatch(r"\$\{[A-Z_]+\}", str(value)), (name, value)


def test_nothing_runs_on_the_controller_and_nobody_anonymous_sees_it(casc: dict[str, Any]) -> None:
    assert casc["jenkins"]["numExecutors"] == 0
    entries = casc["jenkins"]["authorizationStrategy"]["projectMatrix"]["entries"]
    names = [entry["group"]["name"] for entry in entries]
    assert "anonymous" not in names
    everybody = entries[names.index("authenticated")]["group"]["permissions"]
    assert set(everybody) == {"Overall/Read", "Job/Read", "View/Read"}


def test_the_readme_explains_every_variable_of_the_configuration() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)\}", (LIBRARY / "casc" / "jenkins.yaml").read_text()))
    used.discard("LIKE_THIS")
    text = (LIBRARY / "README.md").read_text()
    assert {name for name in used if f"`{name}`" not in text} == set()


def leaves(data: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(data, dict):
        return [leaf for key, value in data.items() for leaf in leaves(value, key)]
    if isinstance(data, list):
        return [leaf for value in data for leaf in leaves(value, name)]
    return [(name, data)]
