"""Reading a plan: kinds, attributes, and that nothing secret gets out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gleis.infra.difference import SENSITIVE, UNKNOWN, attributes
from gleis.infra.errors import InfraError
from gleis.infra.plan import Plan, destroys_state, without_keys
from gleis.infra.summary import markdown, text

from .conftest import plan_json


def resource(
    type: str = "aws_s3_bucket", actions: tuple[str, ...] = ("update",), **change: Any
) -> dict[str, Any]:
    return {
        "address": f"{type}.this",
        "mode": "managed",
        "type": type,
        "name": "this",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": list(actions), "before": {}, "after": {}, **change},
    }


def plan_of(*changes: dict[str, Any], **more: Any) -> Plan:
    data = {"format_version": "1.2", "resource_changes": list(changes), **more}
    return Plan.read(json.dumps(data))


@pytest.mark.parametrize(
    ("actions", "kind"),
    [
        (("create",), "create"),
        (("update",), "update"),
        (("delete",), "delete"),
        (("delete", "create"), "replace"),
        (("create", "delete"), "replace"),
        (("no-op",), "no-op"),
        (("read",), "read"),
        (("forget",), "forget"),
    ],
)
def test_the_actions_come_to_a_kind(actions: tuple[str, ...], kind: str) -> None:
    plan = plan_of(resource(actions=actions))
    assert plan.changes[0].kind == kind
    assert plan.counts == {kind: 1}


def test_data_sources_are_in_no_count() -> None:
    plan = plan_of({**resource(actions=("read",)), "mode": "data"})
    assert plan.counts == {}
    assert plan.empty


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
@pytest.mark.parametrize(
    "type",
    [
        "aws_s3_bucket",
        "aws_kms_key",
        "aws_opensearch_domain",
        "azurerm_kubernetes_cluster",
        "google_sql_database_instance",
        "google_artifact_registry_repository",
    ],
)
def test_what_holds_state_is_destroyed_by_a_delete_or_a_replacement(
    type: str, actions: tuple[str, ...]
) -> None:
    lost = destroys_state(plan_of(resource(type, actions), resource("aws_iam_role", actions)))
    assert [each.type for each in lost] == [type]


@pytest.mark.parametrize("actions", [("update",), ("create",), ("forget",), ("no-op",)])
def test_nothing_is_destroyed_by_other_actions(actions: tuple[str, ...]) -> None:
    assert destroys_state(plan_of(resource(actions=actions))) == []


def test_an_attribute_that_forces_the_replacement_is_marked() -> None:
    plan = plan_of(
        resource(
            actions=("delete", "create"),
            before={"bucket": "old", "tags": {"a": "1"}},
            after={"bucket": "new", "tags": {"a": "2"}},
            after_unknown={"arn": True},
            replace_paths=[["bucket"]],
        )
    )
    found = {each.name: each for each in plan.changes[0].attributes}
    assert found["bucket"].replaces
    assert not found["tags.a"].replaces
    assert found["arn"].after == UNKNOWN
    assert "forces the replacement" in text(plan)


def test_policies_are_compared_inside() -> None:
    old = json.dumps({"Statement": [{"Effect": "Deny", "Action": "s3:*"}]})
    new = json.dumps({"Statement": [{"Action": "s3:*", "Effect": "Allow"}]}, indent=1)
    (found,) = attributes({"policy": old}, {"policy": new})
    assert (found.name, found.before, found.after) == (
        "policy.Statement[0].Effect",
        "Deny",
        "Allow",
    )


@pytest.mark.parametrize("empty", [None, "", [], {}])
@pytest.mark.parametrize("other", [None, "", [], {}])
def test_null_and_empty_are_the_same(empty: object, other: object) -> None:
    assert attributes({"a": empty}, {"a": other}) == ()


@pytest.mark.parametrize("value", [0, False])
def test_zero_and_false_are_not_empty(value: object) -> None:
    assert attributes({"a": None}, {"a": value})


HIDDEN = "correct-horse-battery"


def leaks(plan: Plan) -> bool:
    shown = (markdown(plan), text(plan), json.dumps(plan.to_dict()), repr(plan))
    return any(HIDDEN in each for each in shown)


def test_a_sensitive_value_gets_out_nowhere() -> None:
    plan = plan_of(
        resource(
            before={"password": HIDDEN, "size": 1},
            after={"password": HIDDEN + "2", "size": 2},
            before_sensitive={"password": True},
            after_sensitive={"password": True},
        )
    )
    assert not leaks(plan)
    found = {each.name: each for each in plan.changes[0].attributes}
    assert (found["password"].before, found["password"].after) == (SENSITIVE, SENSITIVE)
    assert found["size"].after == 2


def test_a_value_that_is_sensitive_on_one_side_is_hidden_on_both() -> None:
    plan = plan_of(
        resource(before={"key": HIDDEN}, after={"key": "x" * 9}, after_sensitive={"key": True})
    )
    assert not leaks(plan)


def test_a_provider_that_echoes_a_secret_gives_nothing_away() -> None:
    plan = plan_of(
        resource(
            before={"input": HIDDEN, "output": f"user:{HIDDEN}@host", "list": [HIDDEN]},
            after={"input": HIDDEN, "output": "gone"},
            before_sensitive={"input": True},
        ),
        {**resource("aws_instance", before=None, after={"user_data": HIDDEN}, actions=("create",))},
    )
    assert not leaks(plan)


def test_a_secret_with_quotes_is_found_inside_json() -> None:
    secret = 'a"quoted"secret'
    plan = plan_of(
        resource(
            before={"p": secret, "doc": json.dumps({"k": secret})},
            after={"p": secret, "doc": "none"},
            before_sensitive={"p": True},
        )
    )
    assert "quoted" not in json.dumps(plan.to_dict()) + text(plan)


def test_a_sensitive_variable_is_hidden_wherever_it_went() -> None:
    plan = plan_of(
        resource(actions=("create",), before=None, after={"user_data": f"--token={HIDDEN}"}),
        variables={"token": {"value": HIDDEN}},
        configuration={"root_module": {"variables": {"token": {"sensitive": True}}}},
    )
    assert not leaks(plan)


def test_a_plan_of_the_real_provider_hides_the_password_of_a_database() -> None:
    data = json.loads(plan_json("gpu-pools"))
    database = next(each for each in data["resource_changes"] if each["type"] == "aws_db_instance")
    database["change"]["after"]["password"] = HIDDEN
    assert database["change"]["after_sensitive"]["password"] is True
    assert not leaks(Plan.read(json.dumps(data)))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "not JSON"),
        ("[]", "format version"),
        ('{"format_version": "2.0", "resource_changes": []}', "format version 2.0"),
        ('{"format_version": "1.0", "values": {}}', "a state, not a plan"),
        ('{"format_version": "1.2", "resource_changes": [{"address": "a"}]}', "cut or edited"),
        (
            '{"format_version": "1.2", "resource_changes": [{"address": "a.b", "type": "a",'
            ' "name": "b", "change": {"actions": ["dance"]}}]}',
            "dance",
        ),
    ],
)
def test_what_is_no_plan_is_refused_with_what_to_give(given: str, says: str) -> None:
    with pytest.raises(InfraError, match=says):
        Plan.read(given)


def test_later_minor_versions_of_the_format_are_read() -> None:
    assert Plan.read('{"format_version": "1.9", "resource_changes": [], "news": 1}').empty


@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("aws_vpc.this", "aws_vpc.this"),
        ("aws_vpc.this[0]", "aws_vpc.this"),
        ('module.a["x"].module.b[0].aws_vpc.this["y"]', "module.a.module.b.aws_vpc.this"),
        ('module.a["x.y]\\"[z"].aws_vpc.this', "module.a.aws_vpc.this"),
    ],
)
def test_keys_are_taken_out_of_an_address(address: str, bare: str) -> None:
    assert without_keys(address) == bare


def test_a_pool_finds_the_launch_template_of_its_own_module() -> None:
    plan = Plan.read(plan_json("gpu-pools"))
    pool = next(
        each for each in plan.changes if each.address.startswith('module.pool["spot"].aws_eks')
    )
    (template,) = plan.referenced(pool, "aws_launch_template")
    assert template.address == 'module.pool["spot"].aws_launch_template.this'
