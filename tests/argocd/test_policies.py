"""The admission policies: what each refuses, with which words, and what it lets pass.

The cases are data: `policies/<policy>.yaml`. A case names kinds, what is set and removed in them,
and either `denied`, a part of the one message that it is refused with, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.contract import platform
from gleis.gitops import admission_values

from . import admission, admitted
from .admission import Policy, Request
from .rig import validate

CASES = Path(__file__).parent / "policies"
POLICIES = admission.policies()
TRUSTED = admission_values.registries(platform.load())


@dataclass(frozen=True)
class Case:
    """One kind of one case."""

    policy: str
    name: str
    kind: str
    data: dict[str, Any]

    @property
    def denied(self) -> str:
        return str(self.data.get("denied", ""))

    @property
    def request(self) -> Request:
        return Request(
            admitted.changed(self.kind, self.data),
            self.data.get("namespace", admitted.NAMESPACE),
            tuple(self.data.get("groups", ["ml-engineers"])),
            TRUSTED,
        )

    def __str__(self) -> str:
        return f"{self.policy}: {self.name} ({self.kind})"

    def holds(self, policy: Policy) -> bool:
        """Whether `policy` answers as this case wants it: with this one message, or with none."""
        said = admission.denied(policy, self.request)
        return len(said) == 1 and self.denied in said[0] if self.denied else not said


def cases() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.yaml")):
        for each in yaml.safe_load(file.read_text()):
            for kind in each["kinds"]:
                yield Case(file.stem, each["name"], kind, each)


ALL = list(cases())


def test_there_are_cases_of_every_policy_allowed_and_denied() -> None:
    assert {case.policy for case in ALL} == set(POLICIES)
    for name in POLICIES:
        assert {bool(case.denied) for case in ALL if case.policy == name} == {True, False}, name
    assert len({(case.policy, case.name) for case in ALL}) >= 60


@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_policy_answers_as_the_case_says(case: Case) -> None:
    assert case.holds(POLICIES[case.policy]), admission.denied(POLICIES[case.policy], case.request)


@pytest.mark.parametrize("kind", admitted.KINDS)
def test_what_is_right_passes_every_policy(kind: str) -> None:
    case = Case("", "", kind, {})
    assert [
        said for each in POLICIES.values() for said in admission.denied(each, case.request)
    ] == []


def mutations(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """`policy` with one expression, one resource or its namespaces left out, and what that was."""
    for part in ("validations", "matchConditions"):
        for index, each in enumerate(policy.spec.get(part, [])):
            mutant = deepcopy(policy)
            del mutant.policy["spec"][part][index]
            yield each["expression"], mutant
    for number, rule in enumerate(policy.spec["matchConstraints"]["resourceRules"]):
        for resource in rule["resources"]:
            mutant = deepcopy(policy)
            rules = mutant.policy["spec"]["matchConstraints"]["resourceRules"]
            rules[number]["resources"].remove(resource)
            yield resource, mutant
    mutant = deepcopy(policy)
    mutant.binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"].clear()
    yield "namespaceSelector", mutant


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_of_a_policy_can_be_left_out_unnoticed(name: str) -> None:
    mine = [case for case in ALL if case.policy == name]
    unnoticed = [
        what for what, mutant in mutations(POLICIES[name]) if all(c.holds(mutant) for c in mine)
    ]
    assert unnoticed == []


@pytest.mark.parametrize("name", POLICIES)
def test_what_may_not_be_made_may_not_be_changed_into_either(name: str) -> None:
    spec = POLICIES[name].spec
    for rule in spec["matchConstraints"]["resourceRules"]:
        assert rule["operations"] == ["CREATE", "UPDATE"]
    # An expression that fails refuses; what is refused is told, and stands in the audit log.
    assert spec["failurePolicy"] == "Fail"
    assert POLICIES[name].binding["spec"]["validationActions"] == ["Deny", "Audit"]
    assert POLICIES[name].binding["spec"]["policyName"] == POLICIES[name].name


def test_pod_specs_are_found_alike_in_every_policy() -> None:
    texts: dict[str, set[str]] = {}
    for policy in POLICIES.values():
        for each in policy.spec.get("variables", []):
            if each["name"] in ("ray", "specs"):
                texts.setdefault(each["name"], set()).add(each["expression"])
    assert {name: len(found) for name, found in texts.items()} == {"ray": 1, "specs": 1}


def test_policies_and_bindings_are_valid_for_every_kubernetes() -> None:
    objects = [each for policy in POLICIES.values() for each in (policy.policy, policy.binding)]
    verdict = validate(objects)
    assert verdict.problems == []
    assert verdict.unknown == set()


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    "file", sorted(GOLDEN.glob("*/*.yaml")), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_what_our_charts_make_is_let_in(file: Path) -> None:
    said = []
    for item in yaml.safe_load_all(file.read_text()):
        if item["kind"] not in admission.RESOURCES:
            continue
        labels = {key: item["metadata"]["labels"][key] for key in admitted.NAMESPACE}
        request = Request(item, labels, ("system:authenticated",), TRUSTED)
        said += [
            f"{name}: {message}"
            for name, policy in POLICIES.items()
            for message in admission.denied(policy, request)
        ]
    assert said == []
