"""What AWS decides of a request under a role's trust policy, as far as our modules need it.

The rules are those of the IAM user guide, "IAM JSON policy elements" and "Policy evaluation logic":
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html. What is not
modelled here (policy variables, NotPrincipal, numbers, dates …) is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
GITHUB = "token.actions.githubusercontent.com"

# Claims that STS takes as condition keys, as `<issuer without https://>:<claim>`: of every issuer,
# and since January 2026 of GitHub's own one besides (reference_policies_iam-condition-keys.html).
_OF_EVERY_ISSUER = frozenset({"amr", "aud", "email", "oaud", "sub"})
_OF_GITHUB = frozenset(
    {"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository",
     "repository_id", "workflow"}
)  # fmt: skip
# Keys of a request of EKS for a pod: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
_OF_PODS = frozenset(
    {"aws:requesttag/eks-cluster-name", "aws:requesttag/kubernetes-namespace",
     "aws:requesttag/kubernetes-service-account", "aws:sourceaccount"}
)  # fmt: skip

_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Condition"})
Values = Sequence[str]
Matches = Callable[[str, str], bool]


class NotUnderstood(ValueError):
    """The policy says something that this evaluator does not model."""


@dataclass(frozen=True)
class Request:
    """Who asks for what; `context` holds what is known of the request, by condition key."""

    action: str
    principal: tuple[str, str]
    context: Mapping[str, str]


def web_identity(claims: Mapping[str, str], account: str, partition: str = "aws") -> Request:
    """The request of somebody who shows a token with these claims; `iss` chooses the provider.

    AWS has checked the signature and `exp` by then. The token has one audience.
    """
    issuer = claims["iss"].removeprefix("https://")
    known = _OF_EVERY_ISSUER | (_OF_GITHUB if issuer == GITHUB else frozenset())
    provider = f"arn:{partition}:iam::{account}:oidc-provider/{issuer}"
    context = {f"{issuer}:{name}": value for name, value in claims.items() if name in known}
    return Request(WEB_IDENTITY, ("Federated", provider), context)


def allows(policy: Mapping[str, Any], request: Request) -> bool:
    """Whether the policy grants the request: some Allow speaks of it, and no Deny does.

    Raises NotUnderstood, also when the part that is not understood would not have mattered.
    """
    if policy.get("Version") != "2012-10-17" or set(policy) - {"Version", "Id", "Statement"}:
        raise NotUnderstood(f"a policy of this form: {sorted(policy)}")
    effects = [
        statement["Effect"]
        for statement in _many(policy["Statement"])
        if _speaks_of(statement, request)
    ]
    return "Allow" in effects and "Deny" not in effects


def _speaks_of(statement: Mapping[str, Any], request: Request) -> bool:
    if set(statement) - _ELEMENTS or not {"Effect", "Principal", "Action"} <= set(statement):
        raise NotUnderstood(f"a statement with the elements {sorted(statement)}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise NotUnderstood(f"Effect {statement['Effect']}")
    # Every part is read before the answer, so that nothing that is unknown hides behind a "no".
    parts = [
        any(_like(each.lower(), request.action.lower()) for each in _many(statement["Action"])),
        _is_principal(statement["Principal"], request.principal),
        *_conditions(statement.get("Condition", {}), request.context),
    ]
    return all(parts)


def _is_principal(said: Any, asks: tuple[str, str]) -> bool:
    """`*`, `{"AWS": "*"}` and a `*` of the principal's own kind are everyone."""
    if said == "*":
        return True
    if not isinstance(said, Mapping) or set(said) - {"AWS", "Federated", "Service"}:
        raise NotUnderstood(f"Principal {said}")
    pairs = [(kind, name) for kind, names in said.items() for name in _many(names)]
    return asks in pairs or ("AWS", "*") in pairs or (asks[0], "*") in pairs


def _conditions(said: Mapping[str, Any], context: Mapping[str, str]) -> Iterator[bool]:
    """One answer for each operator and key: all of them have to hold."""
    present = {key.lower(): value for key, value in context.items()}
    for operator, keys in said.items():
        for key, wanted in keys.items():
            _refuse_unknown(key)
            values = [_text(each) for each in _many(wanted)]
            yield _holds(operator, present.get(key.lower()), values)


def _holds(operator: str, value: str | None, wanted: Values) -> bool:
    """Several values of one key: one of them has to match; of a negated operator, none may."""
    quantifier, _, name = operator.rpartition(":")
    if quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise NotUnderstood(f"the operator {operator}")
    if name == "Null" and not quantifier:
        return any(each == ("true" if value is None else "false") for each in wanted)
    bare = name.removesuffix("IfExists")
    positive = bare.replace("Not", "", 1)
    if positive not in _OPERATORS:
        raise NotUnderstood(f"the operator {operator}")
    if value is None:
        # Nothing matches a key that is not there: good for a negated operator, for ...IfExists and
        # for ForAllValues (all of no values), bad for the others and for ForAnyValue.
        if name.endswith("IfExists") or quantifier == "ForAllValues":
            return True
        return positive != bare and quantifier != "ForAnyValue"
    matched = any(_OPERATORS[positive](each, value) for each in wanted)
    return matched if positive == bare else not matched


def _like(pattern: str, value: str) -> bool:
    """`*` is any number of characters, also none; `?` is exactly one. Nothing else is special."""
    return _pattern(pattern).fullmatch(value) is not None


@cache
def _pattern(said: str) -> re.Pattern[str]:
    parts = (".*" if each == "*" else "." if each == "?" else re.escape(each) for each in said)
    return re.compile("".join(parts), re.S)


_OPERATORS: Mapping[str, Matches] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": _like,
}


def _refuse_unknown(key: str) -> None:
    """Keys, unlike values, are the same in upper and lower case."""
    lower = key.lower()
    if lower in _OF_PODS:
        return
    issuer, _, claim = lower.rpartition(":")
    known: Collection[str] = _OF_EVERY_ISSUER | (_OF_GITHUB if issuer == GITHUB else frozenset())
    if "." not in issuer or claim not in known:
        raise NotUnderstood(f"the condition key {key}: AWS knows no such claim of this issuer")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) or "${" in value:
        raise NotUnderstood(f"the value {value!r}")
    return value


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
