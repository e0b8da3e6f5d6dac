"""What the three services have in common: each is a short list of resources, and a hand-over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import ServiceParameters
from ..plan import Script
from ..resources.base import Look, Resource
from ..resources.policies import AttachedPolicy, InlinePolicy
from ..resources.roles import Role
from ..wait import Wait

P = TypeVar("P", bound=ServiceParameters)

SCOPED_POLICY = "onemata-s3-read"
DECRYPT_POLICY = "onemata-kms-decrypt"
ASSUME_POLICY = "onemata-assume-role"


class Service(ABC, Generic[P]):
    """One service of the client's, by its parameters."""

    title: ClassVar[str]

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    @abstractmethod
    def resources(self, look: Look) -> list[Resource]:
        """What should be in the account, in the order in which it can be made."""

    def permissions(self) -> set[str]:
        """The IAM actions that the operator needs for plan, apply, verify and remove."""
        found = {action for kind in self.kinds() for action in kind.permissions}
        if not self.parameters.permissions_boundary_arn:
            found.discard("iam:PutRolePermissionsBoundary")
        return found

    @abstractmethod
    def kinds(self) -> tuple[type[Resource], ...]:
        """The classes of the resources that it may come to."""

    @abstractmethod
    def hand_over(self, look: Look) -> HandOver:
        """What Onemata must receive."""

    @abstractmethod
    def proofs(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        """Whether the service really reads the data, or how that can be seen where it cannot be seen from here.

        `patient` gives what was just made the time to become usable.
        """

    def scripts(self, look: Look) -> tuple[Script, ...]:
        """What is run on instances to look and to prove, word for word; it stands in the plan."""
        return ()

    def judge(self, pasted: Mapping[str, str]) -> list[Check]:
        """Checks from what a person pasted; only EC2 has such."""
        raise TypeError(f"nothing is pasted for {self.title}")

    def waiting_for(self) -> str:
        """What Onemata has to give first, as a sentence; empty when nothing."""
        return ""

    def notes(self, look: Look) -> tuple[str, ...]:
        """What the client should hear before approving."""
        return (self._about_s3_access(),)

    def role(self, step: str, policies_of_role: tuple[str, ...], profiles: tuple[str, ...] = ()) -> Role:
        """The service's role."""
        p = self.parameters
        return Role(
            step=step,
            name=p.role_name,
            path=p.role_path,
            service=str(p.service),
            trust=policies.service_trust(p.service, p.partition),
            description=f"Lets {self.title} read the data that Onemata delivers in S3",
            boundary=p.permissions_boundary_arn,
            tags=p.tags,
            adopt=p.adopt_existing,
            policies=policies_of_role,
            profiles=profiles,
        )

    def s3_access(self, step: str) -> list[Resource]:
        """S3 access of the chosen kind, and the absence of the other kind."""
        p = self.parameters
        scoped = p.s3_access == "scoped"
        found: list[Resource] = []
        if p.managed_s3_policy:
            why = f"The guide's policy: {self._reach()} to every bucket that this account may reach."
            found.append(
                AttachedPolicy(
                    step=step,
                    role_name=p.role_name,
                    service=p.service,
                    policy_arn=self.managed_policy(p.managed_s3_policy),
                    why=why,
                    wanted=not scoped,
                )
            )
        found.append(
            self.inline_policy(
                step,
                SCOPED_POLICY,
                self._scoped_document(),
                "Read access to Onemata's bucket and prefix only.",
                scoped,
            )
        )
        if p.managed_s3_policy:
            why = "AWS's S3 policies do not open the KMS key that the objects are encrypted with."
            decrypt = [each for each in self._scoped_document()["Statement"] if each["Sid"] == "Decrypt"]
            due = bool(decrypt) and not scoped
            found.append(self.inline_policy(step, DECRYPT_POLICY, policies.document(*decrypt), why, due))
        # What is wanted comes first, so that access is never taken away before the other kind is there.
        return sorted(found, key=lambda each: not getattr(each, "wanted", True))

    def inline_policy(
        self,
        step: str,
        name: str,
        document: policies.Document,
        why: str,
        wanted: bool = True,
        role_name: str = "",
    ) -> InlinePolicy:
        """An inline policy of ours on the service's role, or on another role."""
        holder = role_name or self.parameters.role_name
        return InlinePolicy(
            step=step,
            holder="role",
            holder_name=holder,
            service=self.parameters.service,
            name=name,
            document=document,
            why=why,
            wanted=wanted,
        )

    def managed_policy(self, name: str) -> str:
        """The ARN of an AWS managed policy in the client's partition."""
        return f"arn:{self.parameters.partition}:iam::aws:policy/{name}"

    @property
    def location(self) -> str:
        """Where the data is, as s3://…"""
        return f"s3://{self.parameters.bucket}/{self.parameters.prefix}"

    def bucket_statements(self, principals: list[str]) -> tuple[Snippet, ...]:
        """The statements of Onemata's bucket policy (and key policy) that let these roles and users read."""
        p = self.parameters
        who = policies.grant_to(principals, p.account_id, p.partition)
        reading = policies.s3_read(p.partition, p.bucket, p.prefix, p.kms_key_arn)["Statement"]
        named = [_with_principal(statement, who) for statement in reading]
        bucket = [statement for statement in named if statement["Sid"] != "Decrypt"]
        key = [statement | {"Resource": "*"} for statement in named if statement["Sid"] == "Decrypt"]
        snippets = [Snippet(title=f"Bucket policy of {p.bucket}", text=policies.pretty(bucket))]
        if key:
            snippets.append(Snippet(title=f"Key policy of {p.kms_key_arn}", text=policies.pretty(key)))
        return tuple(snippets)

    def onemata_trust(self, roles: list[str], external_id: str = "") -> Snippet:
        """The statement of the trust policy of Onemata's role that lets these roles assume it."""
        p = self.parameters
        who = policies.grant_to(roles, p.account_id, p.partition)
        external = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
        statement = {"Effect": "Allow", "Principal": who["Principal"], "Action": "sts:AssumeRole"}
        text = policies.pretty(statement | {"Condition": who["Condition"] | external})
        return Snippet(title="Trust policy of Onemata's role", text=text)

    def _scoped_document(self) -> policies.Document:
        p = self.parameters
        return policies.s3_read(p.partition, p.bucket, p.prefix, p.kms_key_arn)

    def _reach(self) -> str:
        return "full control" if self.parameters.managed_s3_policy == "AmazonS3FullAccess" else "read access"

    def _about_s3_access(self) -> str:
        p = self.parameters
        managed = f"{p.managed_s3_policy}, {self._reach()} to all buckets" if p.managed_s3_policy else "no S3 policy"
        if p.s3_access == "scoped":
            return f"s3_access is `scoped`: reading {self.location} only. The guide's `managed` would mean {managed}."
        return f"s3_access is `managed`, the guide's way: {managed}. `scoped` would mean reading {self.location} only."


def _with_principal(statement: policies.Statement, who: policies.Statement) -> policies.Statement:
    condition = statement.get("Condition", {}) | who["Condition"]
    named = {"Sid": statement["Sid"], "Effect": "Allow", "Principal": who["Principal"]}
    return named | {key: statement[key] for key in ("Action", "Resource")} | {"Condition": condition}
