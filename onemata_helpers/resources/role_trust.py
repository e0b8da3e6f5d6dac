"""Whom a role must trust: a statement for each service of the deliveries that use it."""

from __future__ import annotations

from collections.abc import Iterable

from ..policies import (
    Document,
    Statement,
    difference,
    document,
    same,
    service_trust,
    statements,
    with_statements,
    without_statements,
)


def trust_of_all(own: Document, services: Iterable[str], partition: str) -> Document:
    """`own`, and the trust in each of the services."""
    for service in sorted(services):
        own = with_statements(own, service_trust(service, partition))
    return own


def has_drifted(trust: Document, own: Document, of_all: Document) -> bool:
    """Whether `trust` lacks what we need, or has what nobody needs. What another delivery lacks is its own to find."""
    lacking, _ = difference(of_all, trust)
    others_lack, _ = difference(document(*lacking), own)
    return not same(trust, without_statements(of_all, document(*others_lack)))


def trust_left(trust: Document, ours: Document, needed: Iterable[str], partition: str) -> Document:
    """`trust` without those of our statements that none of the `needed` services is there by."""
    unneeded = without_statements(ours, trust_of_all(document(), needed, partition))
    return without_statements(trust, unneeded)


def trust_adopted(trust: Document, wanted: Document, region: str) -> Document:
    """The `trust` of a role of the client's with those of the `wanted` statements whose service it does not let in yet.

    Redshift is let in by its name in the region as well.
    https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-regions.html
    """
    missing = [each for each in statements(wanted) if not lets_in(trust, _names(each, region))]
    return with_statements(trust, document(*missing))


def lets_in(trust: Document, principals: Iterable[str]) -> bool:
    """Whether a statement lets one of these services, like `ec2.amazonaws.com`, assume the role without a condition."""
    return any(_lets_in(each, set(principals)) for each in statements(trust))


def _names(statement: Statement, region: str) -> list[str]:
    service = str(statement["Principal"]["Service"])
    return [service, service.replace("redshift.", f"redshift.{region}.")]


def _lets_in(statement: Statement, principals: set[str]) -> bool:
    if statement.get("Effect") != "Allow" or statement.get("Condition"):
        return False
    principal = statement.get("Principal")
    named = _many(principal.get("Service")) if isinstance(principal, dict) else set()
    return "sts:assumerole" in map(str.lower, _many(statement.get("Action"))) and bool(named & principals)


def _many(value: str | list[str] | None) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())
