"""The evaluator of trust policies, against the rules that AWS documents.

Quoted by page of https://docs.aws.amazon.com/IAM/latest/UserGuide/: (operators)
reference_policies_elements_condition_operators.html, (logic)
reference_policies_condition-logic-multiple-context-keys-or-values.html, (sets)
reference_policies_condition-single-vs-multi-valued-context-keys.html, (evaluation)
reference_policies_evaluation-logic.html, (principal) reference_policies_elements_principal.html,
(keys) reference_policies_iam-condition-keys.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from . import iam

ISSUER = "https://token.actions.githubusercontent.com"
SUB, AUD, REF = (f"{iam.GITHUB}:{claim}" for claim in ("sub", "aud", "ref"))
ACCOUNT = "123456789012"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{iam.GITHUB}"
Json = dict[str, Any]


def statement(condition: Json | None = None, **changes: Any) -> Json:
    found = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": iam.WEB_IDENTITY,
        **changes,
    }
    return found if condition is None else {**found, "Condition": condition}


def decides(*statements: Json, iss: str = ISSUER, account: str = ACCOUNT, **claims: str) -> bool:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return iam.allows(policy, iam.web_identity({"iss": iss, **claims}, account))


@pytest.mark.parametrize(
    ("operator", "wanted", "said", "holds"),
    [
        # (operators) exact and case-sensitive; no wildcards in StringEquals
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a*", "a*", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "a", "a", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEqualsIgnoreCase", "a", "A", False),
        # (operators) `*` is any number of characters, `?` is one; the rest is literal
        ("StringLike", "a*", "a", True),
        ("StringLike", "a*", "abc/d:e\nf", True),
        ("StringLike", "a*c", "ab", False),
        ("StringLike", "a?", "ab", True),
        ("StringLike", "a?", "a", False),
        ("StringLike", "a.c", "abc", False),
        ("StringLike", "[ab]", "a", False),
        ("StringLike", "A*", "abc", False),
        ("StringNotLike", "a*", "b", True),
        ("StringNotLike", "a*", "ab", False),
        # (logic) several values: one has to match; of a negated operator none may
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a", "b"], "c", False),
        ("StringEquals", [], "a", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        # (operators) a key that is not there: does not match; negated operators hold
        ("StringEquals", "a", None, False),
        ("StringLike", "*", None, False),
        ("StringNotEquals", "a", None, True),
        ("StringNotLike", "*", None, True),
        # (operators) ...IfExists holds without the key, and is the plain operator with it
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringLikeIfExists", "a*", "ab", True),
        ("StringNotEqualsIfExists", "a", None, True),
        # (operators) Null: true wants the key absent, false wants it there
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("Null", "false", "a", True),
        ("Null", False, None, False),
        # (sets) ForAllValues holds without the key, ForAnyValue does not
        ("ForAllValues:StringEquals", "a", None, True),
        ("ForAllValues:StringEquals", "a", "b", False),
        ("ForAnyValue:StringEquals", "a", None, False),
        ("ForAnyValue:StringLike", ["x", "a*"], "ab", True),
        ("ForAnyValue:StringNotEquals", "a", None, False),
    ],
)
def test_an_operator_holds_as_documented(
    operator: str, wanted: Any, said: str | None, holds: bool
) -> None:
    claims = {} if said is None else {"sub": said}

    assert decides(statement({operator: {SUB: wanted}}), **claims) is holds


def test_all_keys_and_all_operators_have_to_hold() -> None:  # (logic)
    both = statement({"StringEquals": {SUB: "s", AUD: "a"}, "StringLike": {REF: "r*"}})

    assert decides(both, sub="s", aud="a", ref="rr")
    assert not decides(both, sub="s", aud="x", ref="rr")
    assert not decides(both, sub="s", aud="a", ref="x")
    assert not decides(both, sub="s", ref="rr")


def test_names_of_keys_are_the_same_in_upper_and_lower_case() -> None:  # (logic)
    assert decides(statement({"StringEquals": {SUB.upper(): "s"}}), sub="s")


def test_nothing_is_allowed_by_default_and_a_deny_wins() -> None:  # (evaluation)
    deny = statement({"StringEquals": {SUB: "s"}}, Effect="Deny")

    assert not decides(statement({"StringEquals": {SUB: "other"}}), sub="s")
    assert decides(statement(), deny, sub="t")
    for order in ((statement(), deny), (deny, statement())):
        assert not decides(*order, sub="s")
    assert decides(statement({"StringEquals": {SUB: "x"}}), statement(), sub="s")


def test_the_principal_is_the_provider_of_the_issuer_in_the_account() -> None:  # (principal)
    assert decides(statement(), sub="s")
    assert not decides(statement(), sub="s", account="999999999999")
    assert not decides(statement(), sub="s", iss="https://jenkins.example.com/oidc")
    several = statement(Principal={"Federated": ["arn:aws:iam::1:saml-provider/x", PROVIDER]})
    assert decides(several, sub="s")
    for everyone in ("*", {"AWS": "*"}, {"Federated": "*"}):
        assert decides(statement(Principal=everyone), sub="s")
    assert not decides(statement(Principal={"Service": "ec2.amazonaws.com"}), sub="s")


@pytest.mark.parametrize(
    ("action", "meant"),
    [(iam.WEB_IDENTITY, True), ("sts:*", True), ("STS:assumerolewithwebidentity", True),
     ("sts:AssumeRole", False), (["sts:TagSession", iam.WEB_IDENTITY], True)],
)  # fmt: skip
def test_the_action_is_meant(action: Any, meant: bool) -> None:
    assert decides(statement(Action=action), sub="s") is meant


def test_claims_that_sts_does_not_take_are_no_keys() -> None:  # (keys)
    server = "git.example.com/_services/token"
    mine = statement(
        {"StringEquals": {f"{server}:sub": "s"}},
        Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{server}"},
    )
    assert decides(mine, iss=f"https://{server}", sub="s", ref="r")

    mine["Condition"]["StringEquals"][f"{server}:ref"] = "r"
    with pytest.raises(iam.NotUnderstood, match="the condition key"):
        decides(mine, iss=f"https://{server}", sub="s", ref="r")


@pytest.mark.parametrize(
    "wrong",
    [
        statement({"StringMatches": {SUB: "s"}}),
        statement({"ForSomeValues:StringEquals": {SUB: "s"}}),
        statement({"NullIfExists": {SUB: "true"}}),
        statement({"StringNotNotEquals": {SUB: "s"}}),
        statement({"StringEquals": {"aws:SourceIp": "s"}}),
        statement({"StringEquals": {f"{iam.GITHUB}:repository_owner_id": "1"}}),
        statement({"StringEquals": {SUB: "${aws:username}"}}),
        statement({"StringEquals": {SUB: 1}}),
        statement(Effect="allow"),
        statement(Principal={"CanonicalUser": "1"}),
        {"Effect": "Allow", "NotPrincipal": "*", "Action": iam.WEB_IDENTITY},
        {"Effect": "Allow", "Principal": "*", "NotAction": iam.WEB_IDENTITY},
    ],
    ids=str,
)
def test_what_is_not_modelled_is_refused_even_where_it_would_not_matter(wrong: Json) -> None:
    for order in ((wrong,), (statement(), wrong), (wrong, statement())):
        with pytest.raises(iam.NotUnderstood):
            decides(*order, sub="s", iss="https://elsewhere.example")


def test_an_old_version_of_the_language_is_refused() -> None:
    request = iam.web_identity({"iss": ISSUER, "sub": "s"}, ACCOUNT)
    for policy in ({"Statement": []}, {"Version": "2008-10-17", "Statement": []}):
        with pytest.raises(iam.NotUnderstood):
            iam.allows(policy, request)
