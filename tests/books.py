"""Runbooks with varied parameters: what each may take, what it may add, and what must be so once it ended well."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from onemata_helpers import policies, sandbox
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.resources.delivery import Delivery
from onemata_helpers.sandbox import world
from onemata_helpers.services import service_of

from .client_edits import INSTANCES, SHARED_ROLE
from .conftest import Run, run, values
from .ownership import Fact

HERE = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}"
DELIVERIES: list[dict[str, Any]] = [
    {},
    {"bucket": sandbox.OTHER_BUCKET, "prefix": "", "onemata_role_arn": world.OTHER_ROLE_ARN},
]
ONE_OR_BOTH = [[INSTANCES[0]], [INSTANCES[1]], list(INSTANCES)]
PASSERS = [f"{HERE}:user/analyst", f"{HERE}:user/engineer", f"{HERE}:group/analysts"]
SHARED_CHOICES = ("s3_access", "kms_key_arn", "role_chain")
"""What the runs of one delivery at different places decide for all of them."""
KEY = f"arn:aws:kms:us-east-1:{sandbox.ONEMATA_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@dataclass(frozen=True)
class Book:
    """A runbook with its parameters."""

    service: str
    changes: tuple[tuple[str, Any], ...]

    def __repr__(self) -> str:
        return f"{self.service}({', '.join(f'{key}={value!r}' for key, value in self.changes)})"

    def run(self, action: str) -> Run:
        return run(self.service, action, **dict(self.changes))

    @property
    def parameters(self) -> Any:
        return from_notebook(self.service, values(self.service, **dict(self.changes)))

    @property
    def delivery(self) -> Delivery:
        return service_of(self.parameters).delivery

    @property
    def targets(self) -> set[str]:
        return set(service_of(self.parameters).targets)

    @property
    def name(self) -> str:
        return str(self.parameters.role_name)

    def decides_over(self, other: Book, action: str) -> bool:
        """Whether a run of this one is a choice against the other: the same runbook's new parameters, or `replace`."""
        mine, its = self.parameters, other.parameters
        of_ec2 = self.service == other.service == "ec2"
        if self.targets and self.service == other.service and not self.targets & other.targets:
            same = all(getattr(mine, key, "") == getattr(its, key, "") for key in SHARED_CHOICES)
            return not same and self.delivery == other.delivery and self.name == other.name
        replaced = of_ec2 and action == "apply" and mine.on_existing_profile == "replace"
        return replaced or (self.delivery == other.delivery and self.name == other.name)

    def may_take(self, fact: Fact, action: str) -> bool:
        """on_existing_profile: replace is the client's choice to lose the profile that an instance has."""
        p = self.parameters
        replacing = self.service == "ec2" and action == "apply" and p.on_existing_profile == "replace"
        return replacing and fact[0] in {f"instance profile of {each}" for each in p.instance_ids}

    def may_add_to(self, holder: str, thing: str) -> bool:
        """Adopting adds to the role and profile of our name; extending and passing adds a policy of ours."""
        p = self.parameters
        adopted = {f"role {self.name}", f"instance profile {getattr(p, 'instance_profile', '')}"}
        policies_ = (f"inline policy onemata-assume-role-{self.delivery.id} on ", "inline policy onemata-pass-")
        return (p.adopt_existing and holder in adopted) or thing.startswith(policies_)

    def needs(self, now: frozenset[Fact]) -> list[Fact]:
        """What must be so for the service to read Onemata's data."""
        return {"redshift": self._redshift, "glue": self._glue, "ec2": self._ec2}[self.service](now)

    def _redshift(self, now: frozenset[Fact]) -> list[Fact]:
        p = self.parameters
        chain = self._assumes(self.name) if p.role_chain else []
        places = [*(f"cluster {each}" for each in p.cluster_identifiers), *map(_namespace, p.workgroup_names)]
        attached = [(f"role {self.name} on {each}", "attached") for each in places]
        serverless = self._trusted(self.name, "redshift-serverless") if p.workgroup_names else []
        trusted = [*self._trusted(self.name, "redshift"), *serverless]
        return [*attached, *trusted, *self._access("AmazonS3ReadOnlyAccess"), *chain]

    def _glue(self, now: frozenset[Fact]) -> list[Fact]:
        service = (f"policy AWSGlueServiceRole on role {self.name}", "attached")
        return [service, *self._trusted(self.name, "glue"), *self._access("AmazonS3FullAccess")]

    def _ec2(self, now: frozenset[Fact]) -> list[Fact]:
        instances = [f"instance profile of {each}" for each in self.parameters.instance_ids]
        held = {thing: what.rsplit("/", 1)[1] for thing, what in now if thing in instances}
        roles = [what[6:] for thing, what in now if thing[17:] in held.values() and what.startswith("holds ")]
        missing = [(each, "a profile") for each in instances if each not in held]
        shared = [(thing, _without_sid(what)) for thing, what in now if "assume-role" in thing]
        needed = [fact for role in roles or ["of the profile"] for fact in self._assumes(role)]
        return [*missing, *(fact for fact in needed if fact not in shared)]

    def _trusted(self, role: str, service: str) -> list[Fact]:
        trust = policies.canonical(policies.service_trust(service, "aws"))["Statement"][0]
        return [(f"role {role}", f"trust: {json.dumps(trust, sort_keys=True)}")]

    def _access(self, managed: str) -> list[Fact]:
        p = self.parameters
        if p.s3_access == "managed":
            return [(f"policy {managed} on role {self.name}", "attached")]
        return self._policy("s3-read", self.name, policies.s3_read("aws", p.location, p.kms_key_arn))

    def _assumes(self, role: str) -> list[Fact]:
        return self._policy("assume-role", role, policies.assume_role(self.parameters.onemata_role_arn))

    def _policy(self, what: str, role: str, document: policies.Document) -> list[Fact]:
        thing = f"inline policy onemata-{what}-{self.delivery.id} on role {role}"
        return [(thing, json.dumps(each, sort_keys=True)) for each in policies.canonical(document)["Statement"]]


def _namespace(workgroup: str) -> str:
    """The sandbox has one workgroup, and its namespace."""
    return f"namespace {sandbox.NAMESPACE}"


def _without_sid(statement: str) -> str:
    """On a role of the client's each statement says by its Sid for which instance it is there."""
    return json.dumps({key: value for key, value in json.loads(statement).items() if key != "Sid"}, sort_keys=True)


DEFAULTS = (False, "", "managed", "stop")


def books(service: str, **choices: list[Any]) -> st.SearchStrategy[Book]:
    """Runbooks of a service, with one of each of the choices."""
    shared: dict[str, list[Any]] = {
        "adopt_existing": [False, True],
        "s3_access": ["managed", "scoped"],
        "kms_key_arn": ["", KEY],
        "permissions_boundary_arn": ["", f"{HERE}:policy/boundary"],
    }
    varied = {key: st.sampled_from(each) for key, each in (shared | choices).items()}

    def book(delivery: dict[str, Any], chosen: dict[str, Any]) -> Book:
        told = {key: value for key, value in chosen.items() if value not in DEFAULTS}
        return Book(service, tuple((delivery | told).items()))

    return st.builds(book, st.sampled_from(DELIVERIES), st.fixed_dictionaries(varied))


BOOKS = st.one_of(
    books("redshift", role_name=["onemata-redshift", SHARED_ROLE], role_chain=[False, True]),
    books(
        "redshift",
        role_name=["onemata-redshift", SHARED_ROLE],
        role_chain=[False, True],
        cluster_identifiers=[[], [sandbox.CLUSTER]],
        workgroup_names=[[sandbox.SERVERLESS_WORKGROUP]],
    ),
    books("glue", role_name=[SHARED_ROLE, "glue-onemata"], pass_role_to=[PASSERS[:1], PASSERS[1:2], PASSERS[2:]]),
    books(
        "ec2",
        role_name=["onemata-ec2", SHARED_ROLE],
        instance_profile_name=["", "onemata-second"],
        instance_ids=ONE_OR_BOTH,
        on_existing_profile=["stop", "extend", "replace"],
    ),
)
